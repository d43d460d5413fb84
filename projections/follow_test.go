package projections

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
)

// running starts a Follower in a bubble; stop ends it and returns what Run said.
func running(t *testing.T, l *fakeLog, tables tables, o Options) (f *Follower, stop func() error) {
	t.Helper()
	f = newFollower(l, tables, topics(), o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	return f, func() error { cancel(); return <-ended }
}

func TestFollowerShowsOnlyWhatTheLogAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, tables := newLog(), &fakeTables{}
		told := story("x")
		late := told[1]
		late.Cause, late.Events = "other", []events.Event{events.NoteAdded{Kind: events.Finding, Text: "lost the race"}}
		ahead := told[3]
		ahead.Version = 7
		l.batches(t, told[0], told[1], late, ahead) // two deciders wrote version 2
		l.put(topics().Events, "x", nil, []byte("no batch"))
		l.batches(t, told[2], told[0])
		l.batches(t, story("y")[0])
		var said bytes.Buffer
		_, stop := running(t, l, tables, Options{Log: slog.New(slog.NewTextHandler(&said, nil))})
		synctest.Wait()
		require.NoError(t, stop())
		type short struct {
			experiment string
			cause      string
			offset     int64
			before     uint64
		}
		var got []short
		for _, b := range tables.batches {
			got = append(got, short{string(b.Batch.Experiment), b.Batch.Cause, b.Offset, b.Before.Version})
			assert.Equal(t, b.Batch.Version, b.State.Version)
		}
		assert.Equal(t, []short{{"x", "c1", 0, 0}, {"x", "c2", 1, 1}, {"x", "c3", 5, 2}, {"y", "c1", 7, 0}}, got)
		assert.Contains(t, said.String(), "offset=4", "the record that was left out is told")
		assert.Equal(t, int64(8), tables.written[topics().Events][0], "what was left out counts as read")
	})
}

func TestFollowerFlushesAtItsBeatAndAtAVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, tables := newLog(), &fakeTables{}
		begin := time.Now()
		_, stop := running(t, l, tables, Options{})
		l.batches(t, story("x")[:8]...)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		l.batches(t, story("x")[8])
		synctest.Wait()
		assert.Equal(t, int64(9), tables.written[topics().Events][0], "the verdict is written at once, and covered")
		require.Len(t, tables.flushes, 2)
		assert.Equal(t, 10*time.Second, tables.flushes[0].Sub(begin))
		assert.Equal(t, 15*time.Second, tables.flushes[1].Sub(begin))
		l.ticks(t, tick(1, lagAt(1)))
		synctest.Wait()
		require.NoError(t, stop())
		assert.Equal(t, int64(1), tables.written[topics().Readings][0], "what is left is written at the end")
	})
}

func TestFollowerTriesAgainAndKeepsRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, tables := newLog(), &fakeTables{}
		failures := 3
		tables.fail = func(context.Context) error {
			if failures--; failures >= 0 {
				return errors.New("bucket away")
			}
			return nil
		}
		var said bytes.Buffer
		f, stop := running(t, l, tables, Options{Log: slog.New(slog.NewTextHandler(&said, nil))})
		last := l.batches(t, story("x")...)
		require.NoError(t, f.Await(t.Context(), last))
		require.NoError(t, stop())
		assert.Negative(t, failures, "it was tried until it succeeded")
		assert.Equal(t, int64(9), tables.written[topics().Events][0])
		assert.Zero(t, tables.Buffered())
		assert.Contains(t, said.String(), "bucket away")
	})
}

func TestFollowerStopsReadingWhenRowsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, tables := newLog(), &fakeTables{}
		open := make(chan struct{})
		tables.fail = func(context.Context) error { <-open; return nil }
		for i := range uint64(20) {
			l.ticks(t, tick(i+1, lagAt(1)))
		}
		f, stop := running(t, l, tables, Options{Rows: 5})
		synctest.Wait()
		assert.Equal(t, 5, tables.ticks)
		close(open)
		require.NoError(t, f.Await(t.Context(), Source{Topic: topics().Readings, Offset: 19}))
		assert.Equal(t, 20, tables.ticks)
		assert.Equal(t, 5, tables.most)
		require.NoError(t, stop())
	})
}

func TestFollowerEndsInBoundedTime(t *testing.T) {
	for name, fail := range map[string]func(context.Context) error{
		"commits fail": func(context.Context) error { return errors.New("bucket away") },
		"commits hang": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, tables := newLog(), &fakeTables{fail: fail}
				f, stop := running(t, l, tables, Options{Grace: 4 * time.Second})
				last := l.batches(t, story("x")[0])
				synctest.Wait()
				begin := time.Now()
				err := stop()
				require.ErrorContains(t, err, "1 rows were not written")
				assert.Equal(t, 4*time.Second, time.Since(begin))
				require.ErrorContains(t, f.Await(t.Context(), last), "ended before it")
			})
		})
	}
}

func TestFollowerTellsWhyTheLogCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, tables := newLog(), &fakeTables{}
		l.broken = errors.New("offset 4 is missing")
		err := newFollower(l, tables, topics(), Options{}).Run(t.Context())
		require.ErrorContains(t, err, "following chaos.events: offset 4 is missing")
	})
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, stop := running(t, newLog(), &fakeTables{}, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := f.Await(ctx, Source{Topic: topics().Events, Offset: 0})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, stop())
	})
}

// asked is a log whose end is never told, and tables that ask for it.
type (
	asked  struct{ *fakeLog }
	asking struct{ *fakeTables }
)

func (asked) EndOffsets(ctx context.Context, _ string) (map[int32]int64, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
func (asking) Reached(string) map[int32]int64 { return next(3) }

// TestFollowerEndsBeforeItBegan ends it while it still looks at the log.
func TestFollowerEndsBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.NoError(t, newFollower(asked{newLog()}, asking{&fakeTables{}}, topics(), Options{}).Run(ctx))
	})
}
