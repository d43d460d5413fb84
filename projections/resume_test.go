package projections

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers"
)

// snapshot is a lean log that folded batches, one record each.
func snapshot(batches ...events.Batch) handlers.Snapshot {
	l := &handlers.Log{Lean: true}
	for i, b := range batches {
		l.Apply(b, handlers.Place{Topic: topics().Events, Offset: int64(i)})
	}
	return l.Snapshot()
}

// TestTablesGoOnFromASnapshot: at each place of the story the tables hold
// afterwards what they would without it, and no record before it is read.
func TestTablesGoOnFromASnapshot(t *testing.T) {
	told := append(story("x"), events.Batch{
		Experiment: "x", Version: 10, Cause: "late", At: second(200), Events: []events.Event{events.NoteAdded{Kind: events.Finding, Text: "after the end"}},
	})
	for cut := range len(told) + 1 {
		synctest.Test(t, func(t *testing.T) {
			whole, part, tables := newLog(), newLog(), []*fakeTables{{}, {level: map[int32]int64{0: int64(cut)}}}
			whole.batches(t, told...)
			part.batches(t, told...)
			_, stop := running(t, whole, tables[0], Options{})
			synctest.Wait()
			require.NoError(t, stop())

			f := newFollower(part, tables[1], topics(), Options{Log: slog.New(slog.DiscardHandler)})
			require.True(t, f.Resume(snapshot(told[:cut]...)))
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- f.Run(ctx) }()
			synctest.Wait()
			if cut > 0 {
				require.NoError(t, f.Await(ctx, Source{Topic: topics().Events, Offset: int64(cut - 1)}), "it has that")
				assert.Equal(t, int64(cut), part.from[topics().Events][0])
			}
			cancel()
			require.NoError(t, <-ended)
			rest := tables[0].batches[cut:]
			require.Len(t, tables[1].batches, len(rest))
			for i, b := range rest {
				b.Before, b.State = b.Before.Settled(), b.State.Settled()
				got := tables[1].batches[i]
				got.Before, got.State = got.Before.Settled(), got.State.Settled()
				require.Equal(t, b, got)
			}
		})
	}
}

func TestTablesThatLackRowsReadTheWholeLog(t *testing.T) {
	s := snapshot(story("x")[:4]...)
	for name, have := range map[string]map[int32]int64{"nothing": nil, "less": {0: 3}, "another partition": {1: 9}} {
		t.Run(name, func(t *testing.T) {
			f := newFollower(newLog(), &fakeTables{level: have}, topics(), Options{})
			assert.False(t, f.Resume(s))
			assert.Nil(t, f.from)
			assert.Empty(t, f.accepted.live)
		})
	}
}

func TestLevelComesAfterTheRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, open := newLog(), make(chan struct{})
		tables := &fakeTables{fail: func(context.Context) error { <-open; return nil }}
		f, stop := running(t, l, tables, Options{})
		l.batches(t, story("x")[:4]...)
		leveled := make(chan error, 1)
		go func() { leveled <- f.Level(t.Context(), next(4)) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Nil(t, tables.From(topics().Events), "rows are not written yet")
		close(open)
		require.NoError(t, <-leveled)
		assert.Equal(t, next(4), tables.From(topics().Events))
		require.NoError(t, stop())
		require.ErrorContains(t, f.Level(t.Context(), next(5)), "ended before")
	})
}

// TestLevelMayBeWaitedForBeforeResume: what a snapshot has is there at once, and
// not at the next beat.
func TestLevelMayBeWaitedForBeforeResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(newLog(), &fakeTables{level: next(4)}, topics(), Options{})
		leveled := make(chan error, 1)
		go func() { leveled <- f.Level(t.Context(), next(4)) }()
		synctest.Wait()
		require.True(t, f.Resume(snapshot(story("x")[:4]...)))
		require.NoError(t, <-leveled)
	})
}

// TestLevelMovesEveryWatermark: also of a table that had no row among the
// records, so that a new Follower can begin after them.
func TestLevelMovesEveryWatermark(t *testing.T) {
	l := openLake(t)
	s := openSet(t, l)
	told := accepted(story("x")[:2]...)
	replay(t, s, told)
	require.NoError(t, s.Flush(t.Context(), nextOf(topics().Events, 2)))
	require.Empty(t, s.From(topics().Events), "a table without rows says nothing")
	require.NoError(t, s.Level(t.Context(), next(2)))
	assert.Equal(t, next(2), openSet(t, l).From(topics().Events))
	require.NoError(t, s.Level(t.Context(), next(2)), "again")
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("no more"))
	require.ErrorContains(t, s.Level(ctx, next(3)), "writing the watermarks")
}

// TestLacksEndsWithTheRows: it counts what was fed to no table, and what was
// fed and is not written yet.
func TestLacksEndsWithTheRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, tables, told := newLog(), &fakeTables{}, story("x")
		for _, b := range told[:len(told)-1] { // the verdict would be written at once
			log.batches(t, b)
		}
		next := map[int32]int64{0: int64(len(told) - 1), 1: 0}
		f := newFollower(log, tables, topics(), Options{Every: time.Minute, Log: slog.New(slog.DiscardHandler)})
		assert.Equal(t, int64(len(told)-1), f.Lacks(next))
		assert.Zero(t, f.Lacks(nil))
		tables.level = map[int32]int64{0: 2}
		assert.Equal(t, int64(len(told)-3), f.Lacks(next), "what the tables say they have")
		tables.level = nil
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		synctest.Wait()
		assert.Equal(t, int64(len(told)-1), f.Lacks(next))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		assert.Zero(t, f.Lacks(next))
		stop()
		require.NoError(t, <-ended)
	})
}
