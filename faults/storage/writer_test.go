package storage_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/pause"
)

// writer commits all the while, as the sink does: it reads again from the
// table's own watermark whatever a failure lost. The rows that it may have
// committed are all those below the highest offset that it ever had an answer
// for.
type writer struct {
	t        testing.TB
	every    time.Duration // between two commits
	began    int64
	next     atomic.Int64 // committed, by its last answer
	commits  atomic.Int64
	failures atomic.Int64
	stop     context.CancelFunc
	ended    chan error
}

func startWriter(tb testing.TB, a aLake) *writer {
	tb.Helper()
	return startPaced(tb, a, 0)
}

// startPaced rests between two commits.
func startPaced(tb testing.TB, a aLake, every time.Duration) *writer {
	tb.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	w := &writer{t: tb, every: every, stop: stop, ended: make(chan error, 1)}
	l, err := lake.Open(ctx, a.config)
	require.NoError(tb, err)
	table, err := lake.OpenTable(ctx, l, definition())
	require.NoError(tb, err)
	at, err := table.Watermark(ctx)
	require.NoError(tb, err)
	w.began = at[source]
	w.next.Store(w.began)
	go func() {
		w.run(ctx, table)
		w.ended <- l.Close()
	}()
	return w
}

func (w *writer) at() int64 { return w.next.Load() }

func (w *writer) run(ctx context.Context, table *lake.Table[trade]) {
	for at, known := int64(0), false; ctx.Err() == nil; {
		if !known {
			mark, err := table.Watermark(ctx)
			if err != nil {
				w.failures.Add(1)
				pause.For(ctx, failed)
				continue
			}
			at, known = mark[source], true
		}
		_, err := table.Append(ctx, trades(at, at+1), mark(at), mark(at+1))
		if err != nil {
			w.failures.Add(1)
			known = false
			pause.For(ctx, failed)
			continue
		}
		at++
		w.commits.Add(1)
		w.next.Store(max(at, w.next.Load()))
		pause.For(ctx, w.every)
	}
}

const failed = time.Millisecond // rests a writer after it

// reach waits until the writer has committed so far.
func (w *writer) reach(offset int64) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); w.at() < offset; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("the writer is at %d and does not come to %d", w.at(), offset)
		}
	}
}

// end stops it, and gives the offset up to which all must be in the table.
func (w *writer) end() int64 {
	w.t.Helper()
	w.stop()
	require.NoError(w.t, <-w.ended)
	return w.at()
}
