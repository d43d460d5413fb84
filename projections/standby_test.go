package projections

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
)

// sharedTable is one table that several sinks write, in memory.
type sharedTable struct {
	mu     sync.Mutex
	mark   lake.Watermark
	writer string
	rows   map[int64]int // how often an offset was written
}

// by is the table as one writer has it open.
type by struct {
	*sharedTable
	name  string
	tries *int
}

func (b by) Append(_ context.Context, rows []ReadingRow, from, to lake.Watermark) (lake.Snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*b.tries++
	if !maps.Equal(b.mark, from) {
		return lake.Snapshot{}, lake.ErrStale
	}
	for _, r := range rows {
		b.rows[r.Offset]++
	}
	if len(rows) > 0 {
		b.writer = b.name
	}
	b.mark = maps.Clone(to)
	return lake.Snapshot{}, nil
}

func (b by) Head(context.Context) (lake.Head, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return lake.Head{Watermark: maps.Clone(b.mark), Own: b.writer == "" || b.writer == b.name}, nil
}

func shared() *sharedTable { return &sharedTable{mark: lake.Watermark{}, rows: map[int64]int{}} }

func (s *sharedTable) sink(name string, at *seat) *sink[ReadingRow] {
	return &sink[ReadingRow]{into: by{s, name, new(int)}, name: "readings", seat: at, mark: lake.Watermark{}}
}

func (s *sharedTable) requireOnce(t *testing.T, below int64) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	want := map[int64]int{}
	for i := range below {
		want[i] = 1
	}
	require.Equal(t, want, s.rows)
}

func tries(s *sink[ReadingRow]) int {
	of, _ := s.into.(by)
	return *of.tries
}

func rowsOf(from, to int64) (rows []ReadingRow) {
	for i := from; i < to; i++ {
		rows = append(rows, ReadingRow{Source: Source{Topic: topics().Readings, Offset: i}})
	}
	return rows
}

const patience = 30 * time.Second

func TestAStandbyLeavesRowsToTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, at := shared(), &seat{patience: patience}
		one, other := table.sink("one", &seat{patience: patience}), table.sink("other", at)
		one.add(rowsOf(0, 3))
		require.NoError(t, one.flush(t.Context(), topics().Readings, next(3), lazyLag))
		done := make(chan error, 1)
		other.add(rowsOf(0, 9))
		go func() { at.due(); done <- other.flush(t.Context(), topics().Readings, next(9), lazyLag) }()
		for upTo := int64(4); upTo <= 9; upTo++ { // the writer is slow, not silent
			time.Sleep(patience * 2 / 3)
			synctest.Wait()
			require.Empty(t, done)
			one.add(rowsOf(upTo-1, upTo))
			require.NoError(t, one.flush(t.Context(), topics().Readings, next(upTo), lazyLag))
		}
		require.NoError(t, <-done, "once the table has them, whoever wrote them")
		assert.True(t, other.standsBy())
		assert.False(t, one.standsBy())
		assert.Equal(t, 1, tries(other), "it lost once and did not try again")
		assert.Zero(t, other.buffered())
		table.requireOnce(t, 9)
	})
}

func TestAStandbyTakesOverWhenTheWriterIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, dead := &seat{patience: patience}, &seat{patience: patience}
		tables := []*sharedTable{shared(), shared()}
		var standby []*sink[ReadingRow]
		for _, table := range tables {
			one := table.sink("one", dead)
			one.add(rowsOf(0, 3))
			require.NoError(t, one.flush(t.Context(), topics().Readings, next(3), lazyLag))
			other := table.sink("other", at)
			other.add(rowsOf(0, 3))
			at.due()
			require.NoError(t, other.flush(t.Context(), topics().Readings, next(3), lazyLag))
			require.True(t, other.standsBy())
			standby = append(standby, other)
		}
		time.Sleep(time.Hour) // nothing was due: silence says nothing
		begun := time.Now()
		at.due()
		for i, other := range standby {
			other.add(rowsOf(3, 5))
			require.NoError(t, other.flush(t.Context(), topics().Readings, next(5), lazyLag))
			assert.False(t, other.standsBy())
			tables[i].requireOnce(t, 5)
		}
		assert.InDelta(t, patience, time.Since(begun), float64(longestLook), "both tables are taken over at once")

		// The one that was silent comes back, and leaves the table to the other.
		back := tables[0].sink("one", dead)
		back.add(rowsOf(0, 6))
		standby[0].add(rowsOf(5, 6))
		done := make(chan error, 1)
		go func() { dead.due(); done <- back.flush(t.Context(), topics().Readings, next(6), lazyLag) }()
		synctest.Wait()
		require.NoError(t, standby[0].flush(t.Context(), topics().Readings, next(6), lazyLag))
		require.NoError(t, <-done)
		assert.True(t, back.standsBy())
		tables[0].requireOnce(t, 6)
	})
}

func TestAWatermarkTakesTheTableFromNobody(t *testing.T) {
	table, quick := shared(), &seat{patience: time.Nanosecond}
	one, other := table.sink("one", quick), table.sink("other", quick)
	one.add(rowsOf(0, 3))
	require.NoError(t, one.flush(t.Context(), topics().Readings, next(3), lazyLag))
	other.add(rowsOf(0, 3))
	require.NoError(t, other.flush(t.Context(), topics().Readings, next(7), 1), "what a checkpoint asks for")
	one.add(rowsOf(7, 8))
	require.NoError(t, one.flush(t.Context(), topics().Readings, next(8), lazyLag))
	assert.False(t, one.standsBy())
	assert.Equal(t, "one", table.writer)
	assert.Equal(t, map[int64]int{0: 1, 1: 1, 2: 1, 7: 1}, table.rows)
}

func TestAStandbyEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, at := shared(), &seat{patience: patience}
		one, other := table.sink("one", at), table.sink("other", at)
		one.add(rowsOf(0, 3))
		require.NoError(t, one.flush(t.Context(), topics().Readings, next(3), lazyLag))
		other.add(rowsOf(0, 9))
		at.due()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, other.flush(ctx, topics().Readings, next(9), lazyLag), errStandby)
		assert.Equal(t, 6, other.buffered(), "they are kept")
		table.requireOnce(t, 3)
	})
}

// A daemon that stood by ends without an error: the rows are another's.
func TestFollowerOfAStandbyEndsInPeace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, tables := newLog(), &fakeTables{fail: func(ctx context.Context) error {
			<-ctx.Done()
			return fmt.Errorf("writing projections: %w", errStandby)
		}}
		_, stop := running(t, l, tables, Options{Grace: 4 * time.Second})
		l.batches(t, story("x")[0])
		synctest.Wait()
		require.NoError(t, stop())
	})
}

func TestFollowerCommitsBySizeBeforeItsBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, tables := newLog(), &fakeTables{}
		begin := time.Now()
		_, stop := running(t, l, tables, Options{Commit: 5})
		l.ticks(t, tick(1, lagAt(1)), tick(2, lagAt(1)), tick(3, lagAt(1)), tick(4, lagAt(1)))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Empty(t, tables.flushes, "too few, and too young")
		l.ticks(t, tick(5, lagAt(1)))
		synctest.Wait()
		require.Len(t, tables.flushes, 1)
		assert.Equal(t, time.Second, tables.flushes[0].Sub(begin))
		assert.Equal(t, int64(5), tables.written[topics().Readings][0])
		require.NoError(t, stop())
	})
}
