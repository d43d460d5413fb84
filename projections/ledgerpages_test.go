package projections

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

// pageOf has one record and one letter, whose offsets tell the page.
func pageOf(experiment spec.ExperimentID, closing string, seq uint64) events.LedgerPage {
	return events.LedgerPage{
		Experiment: experiment, Closing: closing, Seq: seq, At: second(80),
		Records: []events.LedgerRecord{{
			Class: "lost_acked", Partition: 1, Offset: int64(seq), Key: "BHP", Reason: "invalid", Differ: []string{"price: sent 1, stored 2", "side"},
		}},
		Letters: []events.DeadLetter{{
			Topic: "dead", Offset: int64(seq), Part: 2, Parts: 3, KeyBase64: "AAE=", SchemaID: 4, Reason: "invalid", RawBase64: "AP8=",
			OriginalTopic: "trades", OriginalPartition: 1, OriginalOffset: 9, Class: "dead_lettered",
		}},
	}
}

func (l *fakeLog) pages(t *testing.T, pages ...events.LedgerPage) (last Source) {
	t.Helper()
	for _, p := range pages {
		e, err := events.EncodeLedgerPage(p)
		last = l.encoded(t, topics().RecordLedger, e, err)
	}
	return last
}

// records are the rows of a table that are of pages: experiment, closing, page
// and offset.
func records(t *testing.T, l *lake.Lake, table, offset string) []string {
	t.Helper()
	return slices.DeleteFunc(contents(t, l, table, "experiment", "closing", "page", offset), func(row string) bool { return strings.HasSuffix(row, " -") })
}

// TestARepeatedPageIsThereOnce also where the daemon was restarted between the
// page and its repeat, where both come before a flush, and where a page has
// rows of one table only.
func TestARepeatedPageIsThereOnce(t *testing.T) {
	l, log := openLake(t), newLog()
	one, two := pageOf("x", "one", 1), pageOf("x", "one", 2)
	bare := pageOf("x", "one", 3)
	bare.Letters = nil
	log.put(topics().RecordLedger, "x", nil, []byte("no page"))
	last := log.pages(t, one, one, two, pageOf("y", "one", 1))
	log.batches(t, slices.Concat(storyWith("x", ledgered()), storyWith("y", ledgered()))...)
	followTo(t, l, log, last)
	followTo(t, l, log, log.pages(t, two, bare, bare))
	followTo(t, l, log, log.pages(t, two, bare, pageOf("x", "one", 4)))

	assert.Equal(t, []string{"x one 1 1", "x one 2 2", "x one 3 3", "x one 4 4", "y one 1 1"}, records(t, l, "record_ledger", "record_offset"))
	assert.Equal(t, []string{"x one 1 1", "x one 2 2", "x one 4 4", "y one 1 1"}, records(t, l, "dlq_audit", "letter_offset"))
	assert.Equal(t, "lost_acked 1 BHP invalid price: sent 1, stored 2\nside - - - -",
		contents(t, l, "record_ledger", "class", "record_partition", "record_key", "reason", "differ", "records", "version", "window_from", "balanced")[2])
	assert.Equal(t, "dead 0 4 invalid trades 1 9 dead_lettered false 2 3", contents(t, l, "dlq_audit", "letter_topic", "letter_partition", "schema_id",
		"error_class", "original_topic", "original_partition", "original_offset", "record_class", "resolved", "part", "parts")[0])
}

// TestWhoCountsRowsCountsNoRecordTwice where a daemon died while it closed the
// books, after some of its pages: another one closes them, with pages of its own.
// Which count is known when the books are closed; until then none is in a table,
// and no daemon that dies meanwhile changes that. So it is of an experiment that
// ended without its books, and of one that nobody knows.
func TestWhoCountsRowsCountsNoRecordTwice(t *testing.T) {
	l, log := openLake(t), newLog()
	told := storyWith("x", ledgered())
	open := log.batches(t, told[:7]...)
	log.pages(t, pageOf("x", "died", 1), pageOf("x", "died", 2))
	followTo(t, l, log, open) // and ends
	assert.Empty(t, contents(t, l, "record_ledger", "page"), "nobody knows yet whether they count")
	assert.Empty(t, contents(t, l, "dlq_audit", "page"))

	log.pages(t, pageOf("x", "one", 1), pageOf("x", "died", 3))
	log.batches(t, told[7:]...)
	log.batches(t, story("aborted")...)
	followTo(t, l, log, log.pages(t, pageOf("aborted", "one", 1), pageOf("nobody", "one", 1), pageOf("x", "one", 1)))
	assert.Equal(t, []string{"x one 1 1"}, records(t, l, "record_ledger", "record_offset"))
	assert.Equal(t, []string{"x one 1 1"}, records(t, l, "dlq_audit", "letter_offset"))

	// One that goes on from a checkpoint has not read how the books were closed.
	before := snapshot(slices.Concat(told, story("aborted"))...)
	set := openSet(t, l)
	require.NoError(t, set.Level(t.Context(), before.Next))
	f := NewFollower(log, set, Options{Every: 20 * time.Millisecond})
	require.True(t, f.Resume(before))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	require.NoError(t, f.Await(t.Context(), log.pages(t, pageOf("x", "died", 4), pageOf("aborted", "one", 2), pageOf("x", "one", 2))))
	cancel()
	require.NoError(t, <-ended)
	assert.Equal(t, []string{"x one 1 1", "x one 2 2"}, records(t, l, "record_ledger", "record_offset"))
	assert.Equal(t, []string{"x one 1 1", "x one 2 2"}, records(t, l, "dlq_audit", "letter_offset"))
}

// TestCountsAndRecordsShareATable though they are of two topics: each is there
// once, whatever is flushed first, and by whomever.
func TestCountsAndRecordsShareATable(t *testing.T) {
	l := openLake(t)
	at := func(offset int64, p events.LedgerPage) LedgerPage {
		return LedgerPage{Page: p, Topic: topics().RecordLedger, Offset: offset}
	}
	told := accepted(storyWith("x", ledgered())...)
	crashed := openSet(t, l)
	replay(t, crashed, told)
	require.NoError(t, crashed.LedgerPage(t.Context(), at(0, pageOf("x", "one", 1))))
	require.NoError(t, crashed.LedgerPage(t.Context(), at(1, pageOf("x", "one", 2))))
	require.NoError(t, crashed.Flush(t.Context(), nextOf(topics().RecordLedger, 1)))
	require.NoError(t, crashed.Flush(t.Context(), nextOf(topics().Events, 5)))
	require.NoError(t, crashed.LedgerPage(t.Context(), at(2, pageOf("x", "one", 3)))) // and it dies

	again := openSet(t, l)
	require.Equal(t, next(1), again.From(topics().RecordLedger))
	assert.Empty(t, contents(t, l, "record_ledger", "records")[1:], "the books are not closed yet")
	replay(t, again, told)
	require.NoError(t, again.LedgerPage(t.Context(), at(1, pageOf("x", "one", 2))))
	require.NoError(t, again.LedgerPage(t.Context(), at(2, pageOf("x", "one", 3))))
	require.NoError(t, again.LedgerPage(t.Context(), at(3, pageOf("x", "one", 2))))
	both := nextOf(topics().RecordLedger, 4)
	both[topics().Events] = next(9)
	require.NoError(t, again.Flush(t.Context(), both))
	want := []string{"lost_acked - 1", "lost_acked - 2", "lost_acked - 3", "lost_acked 1 -", "stored_once 99 -"}
	assert.Equal(t, want, contents(t, l, "record_ledger", "class", "records", "page"))
	assert.Equal(t, []string{"one", "one", "one", "one", "one"}, contents(t, l, "record_ledger", "closing"))

	late := openSet(t, l) // that was behind all the time
	replay(t, late, told)
	require.NoError(t, late.LedgerPage(t.Context(), at(0, pageOf("x", "one", 1))))
	require.NoError(t, late.LedgerPage(t.Context(), at(3, pageOf("x", "one", 2))))
	require.NoError(t, late.Flush(t.Context(), both))
	assert.Equal(t, want, contents(t, l, "record_ledger", "class", "records", "page"))
	assert.Len(t, contents(t, l, "dlq_audit", "page"), 3)
}

// TestATableOfDeadLettersThatAnOlderVersionMade takes new rows, and keeps the
// old ones.
func TestATableOfDeadLettersThatAnOlderVersionMade(t *testing.T) {
	l := openLake(t)
	s, err := openSink(t.Context(), l, &seat{}, define("dlq_audit", []lake.Column[LetterRow]{
		lake.Text("experiment", func(r LetterRow) string { return r.Experiment }),
		lake.Count("version", func(LetterRow) uint64 { return 8 }),
		lake.Instant(at, func(r LetterRow) time.Time { return r.At }),
		lake.Int("taken", func(LetterRow) int64 { return 7 }),
	}, "version"))
	require.NoError(t, err)
	s.add([]LetterRow{{Source: Source{topics().Events, 0, 3}, Experiment: "old", At: second(1)}})
	require.NoError(t, s.flush(t.Context(), topics().Events, next(4), lazyLag))
	set := openSet(t, l)
	require.NoError(t, set.LedgerPage(t.Context(), LedgerPage{Page: pageOf("x", "one", 1), Topic: topics().RecordLedger}))
	require.NoError(t, set.Flush(t.Context(), nextOf(topics().RecordLedger, 1)))
	assert.Equal(t, []string{"old 8 -", "x - 1"}, contents(t, l, "dlq_audit", "experiment", "version", "page"))
}
