package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/report"
)

func TestALineSaysWhatStays(t *testing.T) {
	gone := events.FaultRolledBack{Step: "new-field", Cause: events.Planned}
	assert.Equal(t, "step new-field: fault seen gone (planned)", report.Line(gone))
	gone.Stays = []string{"schema id 3 is used up"}
	assert.Equal(t, "step new-field: fault seen gone (planned); stays: schema id 3 is used up", report.Line(gone))
}

func TestALineSaysThatASnapshotMayExpire(t *testing.T) {
	begun := events.BaselineStarted{Books: &events.BookMark{Taken: 5, Snapshot: 11, Tag: "chaos/x/before"}}
	assert.Equal(t, "baseline begun; books opened at record 5", report.Line(begun))
	begun.Books = &events.BookMark{Taken: 5, Snapshot: 11, Untagged: "forbidden"}
	assert.Equal(t, "baseline begun; books opened at record 5; its snapshot has no tag and may expire: forbidden", report.Line(begun))
	closed := events.BooksClosed{To: *begun.Books, Why: "kafka is away"}
	assert.Equal(t, "books left open: kafka is away; its snapshot has no tag and may expire: forbidden", report.Line(closed))
	closed.Balanced = true
	assert.Contains(t, report.Line(closed), "0 stored twice; its snapshot has no tag and may expire: forbidden")
}

func TestTheOutcomeNamesTheTags(t *testing.T) {
	s := experiment.State{Books: &events.BooksClosed{
		From: events.BookMark{Snapshot: 11, Tag: "chaos/x/before"}, To: events.BookMark{Snapshot: 13, Untagged: "forbidden"},
	}}
	out := report.Outcome(s)
	assert.Contains(t, out, "Snapshot  11, tagged chaos/x/before\n")
	assert.NotContains(t, out, "Snapshot  13")
	assert.Contains(t, out, "may expire: forbidden")
}
