package projections

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
)

func openLake(t *testing.T) *lake.Lake {
	t.Helper()
	dir := t.TempDir()
	l, err := lake.Open(t.Context(), lake.Config{
		Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: filepath.Join(dir, "warehouse"),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

func openSet(t *testing.T, l *lake.Lake) *Set {
	t.Helper()
	s, err := Open(t.Context(), l, topics())
	require.NoError(t, err)
	return s
}

// contents reads the columns of a table, a line a row, sorted.
func contents(t *testing.T, l *lake.Lake, table string, columns ...string) []string {
	t.Helper()
	lines := []string{}
	require.NoError(t, l.Scan(t.Context(), Namespace, table, lake.ScanOptions{Columns: columns}, func(r lake.Row) error {
		var cells []string
		for _, c := range columns {
			text, ok := r.Text(c)
			if !ok {
				text = "-"
			}
			cells = append(cells, text)
		}
		lines = append(lines, strings.Join(cells, " "))
		return nil
	}))
	slices.Sort(lines)
	return lines
}

// requireStory says that each table has each row of the story of x once.
func requireStory(t *testing.T, l *lake.Lake) {
	t.Helper()
	require.Equal(t, []string{"1 0", "2 0", "3 0", "3 1", "4 0", "5 0", "6 0", "7 0", "8 0", "9 0", "9 1"},
		contents(t, l, "events", "version", "index"))
	require.Equal(t, []string{"0 scheduled", "1 baselining", "2 injecting", "3 injected", "4 rolling back", "5 recovering", "8 concluded"},
		contents(t, l, "experiments", "offset", "phase"))
	require.Equal(t, []string{"2 requested", "3 present", "4 undoing", "5 gone"}, contents(t, l, "faults", "offset", "phase"))
	require.Equal(t, []string{"refuted 8"}, contents(t, l, "verdicts", "verdict", "offset"))
	require.Equal(t, []string{"dead_lettered 3", "dropped_at_source 1", "lost_acked 2", "stored_once 92", "unacked_absent 1"},
		contents(t, l, "record_ledger", "class", "records"))
	require.Equal(t, []string{"books_balanced holds", "lost_acked violated", "record_accounting holds", "stored_as_sent holds", "stored_twice holds"},
		contents(t, l, "integrity_checks", "check", "verdict"))
}

func replay(t *testing.T, s *Set, batches []Batch) {
	t.Helper()
	for _, b := range batches {
		require.NoError(t, s.Batch(b))
	}
}

func next(n int64) map[int32]int64 { return map[int32]int64{0: n} }

// nextOf are the next offsets of one topic.
func nextOf(topic string, n int64) map[string]map[int32]int64 {
	return map[string]map[int32]int64{topic: next(n)}
}

// TestCrashBetweenTables kills the writer after each number of tables was
// written: the next one writes what the others lack, and nothing twice.
func TestCrashBetweenTables(t *testing.T) {
	told := accepted(story("x")...)
	for written := range 7 {
		t.Run(fmt.Sprint(written), func(t *testing.T) {
			l := openLake(t)
			crashed := openSet(t, l)
			replay(t, crashed, told[:6])
			require.NoError(t, crashed.Flush(t.Context(), nextOf(topics().Events, 6)))
			replay(t, crashed, told[6:])
			for _, table := range crashed.fed(topics().Events)[:written] {
				require.NoError(t, table.flush(t.Context(), topics().Events, next(9), lazyLag))
			}

			again := openSet(t, l)
			replay(t, again, told)
			require.NoError(t, again.Flush(t.Context(), nextOf(topics().Events, 9)))
			requireStory(t, l)
			assert.Zero(t, again.Buffered())
		})
	}
}

// TestTwoWritersWriteOnce lets the loser of a race find out what it lacks.
func TestTwoWritersWriteOnce(t *testing.T) {
	l := openLake(t)
	one, other := openSet(t, l), openSet(t, l)
	one.seat.patience, other.seat.patience = time.Millisecond, time.Millisecond
	told := accepted(story("x")...)
	replay(t, one, told)
	replay(t, other, told)
	require.NoError(t, one.Flush(t.Context(), nextOf(topics().Events, 5)))
	require.NoError(t, other.Flush(t.Context(), nextOf(topics().Events, 9)))
	require.NoError(t, one.Flush(t.Context(), nextOf(topics().Events, 9)))
	requireStory(t, l)
	assert.Zero(t, one.Buffered())
}

func TestFlushLeavesRowsOfLaterRecords(t *testing.T) {
	l := openLake(t)
	s := openSet(t, l)
	for i := range 4 {
		s.Tick(Tick{Tick: tick(uint64(i+1), lagAt(i)), Topic: topics().Readings, Offset: int64(i)})
	}
	require.NoError(t, s.Flush(t.Context(), nextOf(topics().Readings, 3)))
	assert.Equal(t, 1, s.Buffered())
	assert.Len(t, contents(t, l, "readings", "seq"), 3)
	assert.Equal(t, next(3), s.From(topics().Readings))
	assert.Equal(t, next(3), openSet(t, l).From(topics().Readings))
}

func TestFlushKeepsRowsThatItCouldNotWrite(t *testing.T) {
	l := openLake(t)
	s := openSet(t, l)
	replay(t, s, accepted(story("x")...))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Flush(ended, nextOf(topics().Events, 9)), context.Canceled)
	require.NoError(t, s.Flush(t.Context(), nextOf(topics().Events, 9)))
	requireStory(t, l)
}

// TestWatermarkOfATableWithoutRows moves only when it is far behind.
func TestWatermarkOfATableWithoutRows(t *testing.T) {
	l := openLake(t)
	s := openSet(t, l)
	require.NoError(t, s.Flush(t.Context(), nextOf(topics().Events, lazyLag-1)))
	assert.Empty(t, s.Reached(topics().Events))
	require.NoError(t, s.Flush(t.Context(), nextOf(topics().Events, lazyLag)))
	assert.Equal(t, next(lazyLag), s.From(topics().Events))
}

func TestFromIsTheLowestOfTheTables(t *testing.T) {
	l := openLake(t)
	s := openSet(t, l)
	replay(t, s, accepted(storyWith("x", ledgered())...))
	require.NoError(t, s.events.flush(t.Context(), topics().Events, map[int32]int64{0: 9, 1: 4}, lazyLag))
	assert.Empty(t, s.From(topics().Events), "the others have nothing")
	assert.Equal(t, map[int32]int64{0: 9, 1: 4}, s.Reached(topics().Events))
	for _, table := range s.fed(topics().Events)[1:] {
		require.NoError(t, table.flush(t.Context(), topics().Events, next(9), lazyLag))
	}
	assert.Equal(t, next(9), s.From(topics().Events))
}

func TestOpenRefusesTopicsThatAreNoFour(t *testing.T) {
	_, err := Open(t.Context(), nil, Topics{Events: "a", Readings: "b", GroundTruth: "c", RecordLedger: "a"})
	require.ErrorContains(t, err, "name four")
}

// followTo writes the tables until they have all of last, and ends.
func followTo(t *testing.T, l *lake.Lake, log Log, last ...Source) {
	t.Helper()
	f := NewFollower(log, openSet(t, l), Options{Every: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	for _, at := range last {
		require.NoError(t, f.Await(t.Context(), at))
	}
	cancel()
	require.NoError(t, <-ended)
}

// TestFollowIntoALake runs from the log to rows, ends in the middle, and goes
// on: each row is there once, and can be read back whole.
func TestFollowIntoALake(t *testing.T) {
	l, log := openLake(t), newLog()
	told := story("x")
	run := func(last ...Source) { t.Helper(); followTo(t, l, log, last...) }
	gap := tick(2)
	gap.Gap = &events.Gap{From: second(1), To: second(2), Why: "away"}
	run(log.batches(t, told[:5]...), log.ticks(t, tick(1, lagAt(1)), gap))
	log.batches(t, told[2]) // a decider that lost
	run(log.batches(t, told[5:]...), log.ticks(t, tick(3), tick(4, lagAt(4))))
	run(Source{Topic: topics().Events, Offset: 9}, Source{Topic: topics().Readings, Offset: 3})

	assert.Empty(t, log.from[topics().Events], "only the whole log tells what was accepted")
	assert.Equal(t, next(4), log.from[topics().Readings])

	assert.Equal(t, []string{"1 0 lag 0.5 -", "2 1 - - away", "4 3 lag 2 -"},
		contents(t, l, "readings", "seq", "offset", "metric", "value", "gap_why"))
	assert.Equal(t, []string{"refuted 1 true 7 2.5 0.75 - 0.05 2 11 12 13"},
		contents(t, l, "verdicts", "verdict", "exit_code", "recovered", "recovery_from_injection_seconds",
			"recovery_from_rollback_seconds", "min_availability", "max_error_rate", "loss_fraction", "lost_acked",
			"snapshot_before", "snapshot_during", "snapshot_after"))
	assert.Equal(t, []string{"0 scheduled", "1 baselining", "2 injecting", "3 injected", "4 rolling back", "6 recovering", "9 concluded"},
		contents(t, l, "experiments", "offset", "phase"))
	assert.Len(t, contents(t, l, "events", "offset"), 11)

	// Another log, shorter than what the tables have, is refused.
	err := NewFollower(newLog(), openSet(t, l), Options{}).Run(t.Context())
	require.ErrorIs(t, err, ErrForeignLog)
}
