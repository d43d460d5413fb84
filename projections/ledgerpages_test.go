package projections

import (
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

// TestARepeatedPageIsThereOnce also where the daemon was restarted between the
// page and its repeat, where both come before a flush, and where a page has
// rows of one table only.
func TestARepeatedPageIsThereOnce(t *testing.T) {
	l, log := openLake(t), newLog()
	run := func(last Source) { t.Helper(); followTo(t, l, log, last) }
	one, two := pageOf("x", "one", 1), pageOf("x", "one", 2)
	bare := pageOf("x", "one", 3)
	bare.Letters = nil
	log.put(topics().RecordLedger, "x", nil, []byte("no page"))
	run(log.pages(t, one, one, two, pageOf("y", "one", 1)))
	run(log.pages(t, two, bare, bare, pageOf("x", "other", 1)))
	run(log.pages(t, two, bare, pageOf("x", "one", 4), pageOf("x", "other", 1)))

	assert.Equal(t, []string{"x one 1 1", "x one 2 2", "x one 3 3", "x one 4 4", "x other 1 1", "y one 1 1"},
		contents(t, l, "record_ledger", "experiment", "closing", "page", "record_offset"))
	assert.Equal(t, []string{"x one 1 1", "x one 2 2", "x one 4 4", "x other 1 1", "y one 1 1"},
		contents(t, l, "dlq_audit", "experiment", "closing", "page", "letter_offset"))
	assert.Equal(t, "lost_acked 1 BHP invalid price: sent 1, stored 2\nside - - - -",
		contents(t, l, "record_ledger", "class", "record_partition", "record_key", "reason", "differ", "records", "version", "window_from", "balanced")[0])
	assert.Equal(t, "dead 0 4 invalid trades 1 9 dead_lettered false 2 3", contents(t, l, "dlq_audit", "letter_topic", "letter_partition", "schema_id",
		"error_class", "original_topic", "original_partition", "original_offset", "record_class", "resolved", "part", "parts")[0])
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
