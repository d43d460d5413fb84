package handlers_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/spec"
)

// TestBatchesAreKeptForAWhileAfterTheEnd: whoever tells of news hears them
// again after a restart; then only the settled state is left.
func TestBatchesAreKeptForAWhileAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &handlers.Log{Lean: true}
		var offset int64
		put := func(id spec.ExperimentID, version uint64, age time.Duration, e events.Event) {
			b := batch(id, version, e)
			b.At = time.Now().Add(-age)
			require.True(t, l.Apply(b, handlers.Place{Offset: offset}))
			offset++
		}
		kept := func() (batches map[spec.ExperimentID]int, settled int) {
			batches = map[spec.ExperimentID]int{}
			s := l.Snapshot()
			for _, b := range s.Batches {
				batches[b.Batch.Experiment]++
			}
			assert.Equal(t, map[int32]int64{0: offset}, s.Next)
			return batches, len(s.Settled)
		}
		scheduled, over := events.ExperimentScheduled{}, events.Concluded{Verdict: events.Upheld}
		put("live", 1, 24*time.Hour, scheduled)
		put("old", 1, 24*time.Hour, scheduled)
		put("old", 2, 24*time.Hour, over)
		put("new", 1, time.Minute, scheduled)
		put("new", 2, time.Minute, over)
		batches, settled := kept()
		assert.Equal(t, map[spec.ExperimentID]int{"live": 1, "new": 2}, batches)
		assert.Equal(t, 1, settled)

		time.Sleep(handlers.Recent - time.Minute)
		put("new", 3, 0, events.NoteAdded{})
		time.Sleep(2 * time.Minute)
		put("old", 3, 0, events.NoteAdded{}) // its beginning is gone
		batches, settled = kept()
		assert.Equal(t, map[spec.ExperimentID]int{"live": 1, "new": 3}, batches, "the note is young")
		assert.Equal(t, 1, settled)

		time.Sleep(handlers.Recent)
		batches, settled = kept()
		assert.Equal(t, map[spec.ExperimentID]int{"live": 1}, batches)
		assert.Equal(t, 2, settled)
	})
}

func TestASnapshotThatFollowsFromNoLogIsRefused(t *testing.T) {
	first, second := batch("x", 1, events.ExperimentScheduled{}), batch("x", 2, events.BaselineStarted{})
	over := &handlers.Log{Lean: true}
	over.Apply(batch("x", 1, events.Concluded{}), handlers.Place{})
	settled := over.Snapshot().Settled
	require.Len(t, settled, 1)
	next := map[int32]int64{0: 2}
	for name, s := range map[string]handlers.Snapshot{
		"a batch is missing":    {Next: next, Batches: []handlers.Placed{{Batch: second}}},
		"out of order":          {Next: next, Batches: []handlers.Placed{{Batch: first, Place: handlers.Place{Offset: 1}}, {Batch: second}}},
		"beyond its end":        {Next: next, Batches: []handlers.Placed{{Batch: first, Place: handlers.Place{Offset: 2}}}},
		"over twice":            {Next: next, Settled: append(settled, settled...)},
		"over, and batches too": {Next: next, Settled: settled, Batches: []handlers.Placed{{Batch: first}}},
	} {
		t.Run(name, func(t *testing.T) {
			l := &handlers.Log{Lean: true}
			l.Listen(func(handlers.Accepted) { t.Error("somebody heard of it") })
			require.ErrorContains(t, l.Restore(s), "does not follow from any log")
			assert.Empty(t, l.All())
			assert.Empty(t, l.Next())
		})
	}
	require.Error(t, (&handlers.Log{}).Restore(handlers.Snapshot{}), "a log that is not lean")
}
