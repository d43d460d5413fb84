package remote_test

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/spec"
)

// kept is a fault that is to be kept, and counts how often it is.
type kept struct {
	file
	calls *atomic.Int64
}

func (k kept) KeepEvery() time.Duration { return 20 * time.Millisecond }

func (k kept) Keep(context.Context, faults.Receipt) error {
	k.calls.Add(1)
	if _, err := os.Stat(k.path); err != nil {
		return errors.New("it was not kept in time")
	}
	return nil
}

func newKeptBench(t *testing.T) (*bench, *atomic.Int64) {
	t.Helper()
	b := newBench(t)
	calls := &atomic.Int64{}
	b.Drivers["file"] = kept{file{b.fault}, calls}
	return b, calls
}

// more waits until a fault was kept again.
func more(t *testing.T, calls *atomic.Int64) {
	t.Helper()
	before := calls.Load()
	require.Eventually(t, func() bool { return calls.Load() > before+2 }, 10*time.Second, time.Millisecond)
}

func TestAFaultIsKeptAsLongAsItIsHeld(t *testing.T) {
	b, calls := newKeptBench(t)
	q := b.request(nil)
	b.Inject(q)
	next[commands.ReportInjected](b)
	more(t, calls)
	b.Undo(halt.Undo{Owner: q.Owner, Experiment: "exp", Step: "s", Cause: string(events.Planned)})
	next[commands.ReportRolledBack](b)
	last := calls.Load()
	assert.Never(t, func() bool { return calls.Load() > last+1 }, 200*time.Millisecond, 10*time.Millisecond)
}

// TestASilentOwnersFaultIsNotKept although its undoing is late: where the
// agent cannot undo it, the target lets it go.
func TestASilentOwnersFaultIsNotKept(t *testing.T) {
	b, calls := newKeptBench(t)
	b.Drivers["file"] = stuck{kept{file{b.fault}, calls}, make(chan struct{})}
	b.Inject(b.request(func(q *halt.Request) { q.Lease = spec.Duration(300 * time.Millisecond) }))
	next[commands.ReportInjected](b)
	more(t, calls)
	assert.Eventually(t, func() bool {
		last := calls.Load()
		<-time.After(200 * time.Millisecond)
		return calls.Load() == last
	}, 10*time.Second, time.Millisecond)
	assert.FileExists(t, b.fault)
	close(b.Drivers["file"].(stuck).until)
	assert.Equal(t, events.Lease, next[commands.ReportRolledBack](b).Cause)
}

// stuck cannot be undone yet.
type stuck struct {
	kept
	until chan struct{}
}

func (s stuck) Rollback(ctx context.Context, r faults.Receipt) error {
	select {
	case <-s.until:
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.kept.Rollback(ctx, r)
}

func TestAFaultThatWentByItselfIsReported(t *testing.T) {
	b, calls := newKeptBench(t)
	b.Inject(b.request(nil))
	next[commands.ReportInjected](b)
	more(t, calls)
	require.NoError(t, os.Remove(b.fault))
	gone := next[commands.ReportRolledBack](b)
	assert.Equal(t, events.Failure, gone.Cause)
	assert.Contains(t, gone.Why, "it was not kept in time")
}

// TestAFaultThatWentBeforeItsEndIsNotPlanned though nobody had seen it until
// its end was asked for.
func TestAFaultThatWentBeforeItsEndIsNotPlanned(t *testing.T) {
	b := newBench(t)
	b.Drivers["file"] = seldom{kept{file{b.fault}, &atomic.Int64{}}}
	q := b.request(nil)
	b.Inject(q)
	next[commands.ReportInjected](b)
	require.NoError(t, os.Remove(b.fault))
	b.Undo(halt.Undo{Owner: q.Owner, Experiment: "exp", Step: "s", Cause: string(events.Planned)})
	gone := next[commands.ReportRolledBack](b)
	assert.Equal(t, events.Failure, gone.Cause)
	assert.Contains(t, gone.Why, "it went by itself")
}

// seldom need not be kept for as long as a test lasts.
type seldom struct{ kept }

func (seldom) KeepEvery() time.Duration { return time.Minute }
