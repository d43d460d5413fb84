package projections

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
)

// olderVerdicts is the table of verdicts as a build made it that knew nothing
// of its last columns.
func olderVerdicts(without ...string) lake.Definition[VerdictRow] {
	d := verdictTable()
	d.Columns = slices.DeleteFunc(slices.Clone(d.Columns), func(c lake.Column[VerdictRow]) bool { return slices.Contains(without, c.Name()) })
	return d
}

func verdictOf(id string, offset int64) []VerdictRow {
	at := second(int(offset))
	return []VerdictRow{{
		Source: Source{Topic: topics().Events, Offset: offset}, Experiment: id, Version: 9, Verdict: events.Upheld.String(), At: at,
		Books: &events.BooksClosed{
			From: events.BookMark{Taken: 5, Snapshot: 11, Tag: "chaos/" + id + "/before"},
			To:   events.BookMark{Taken: 9, Snapshot: 13, Untagged: "forbidden"}, Examples: []string{"BHP-7"},
		},
	}}
}

func upTo(offset int64) lake.Watermark {
	return lake.Watermark{{Topic: topics().Events}: offset}
}

// A table that an older build made gets the columns that came since, by a
// change of its metadata alone: its files stay, its rows have none of them, and
// an older build that still runs goes on.
func TestAnOlderTableGetsTheNewColumns(t *testing.T) {
	l := openLake(t)
	older, err := lake.OpenTable(t.Context(), l, olderVerdicts("evidence", "tag_before", "tag_after", "abort_latency_seconds"))
	require.NoError(t, err)
	s, err := older.Append(t.Context(), verdictOf("old", 0), nil, upTo(1))
	require.NoError(t, err)

	var both sync.WaitGroup
	var failures [2]error
	for i := range failures { // two daemons are upgraded at once
		both.Go(func() { _, failures[i] = Open(t.Context(), l, topics()) })
	}
	both.Wait()
	require.NoError(t, failures[0])
	require.NoError(t, failures[1])
	info, err := l.Inspect(t.Context(), Namespace, "verdicts")
	require.NoError(t, err)
	assert.Equal(t, s.ID, info.ID, "nothing was written anew")

	newer, err := lake.OpenTable(t.Context(), l, verdictTable())
	require.NoError(t, err)
	_, err = newer.Append(t.Context(), verdictOf("new", 1), upTo(1), upTo(2))
	require.NoError(t, err)
	_, err = older.Append(t.Context(), verdictOf("late", 2), upTo(2), upTo(3))
	require.NoError(t, err, "the older build goes on")
	assert.Equal(t, []string{"late 11 - -", "new 11 chaos/new/before -", "old 11 - -"},
		contents(t, l, "verdicts", "experiment", "snapshot_before", "tag_before", "tag_after"))
	again, err := lake.OpenTable(t.Context(), l, olderVerdicts("evidence"))
	require.NoError(t, err, "an older build that starts on the newer table, too")
	_, err = again.Append(t.Context(), verdictOf("later", 3), upTo(3), upTo(4))
	require.NoError(t, err)
	assert.Len(t, contents(t, l, "verdicts", "evidence"), 4)
}

func TestAVerdictCarriesItsEvidence(t *testing.T) {
	l := openLake(t)
	table, err := lake.OpenTable(t.Context(), l, verdictTable())
	require.NoError(t, err)
	rows := append(verdictOf("x", 0), VerdictRow{Source: Source{Topic: topics().Events, Offset: 1}, Experiment: "denied", Version: 1, At: time.Unix(1, 0)})
	_, err = table.Append(t.Context(), rows, nil, upTo(2))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"chaos.events: experiment denied, versions 1 to 1",
		"chaos.events: experiment x, versions 1 to 9\nrecords: those taken after 5, up to 9\nbefore: snapshot 11, tag chaos/x/before\n" +
			"after: snapshot 13, which may expire: no tag: forbidden\nmissing: BHP-7",
	}, contents(t, l, "verdicts", "evidence"))
}
