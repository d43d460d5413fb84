package remote_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers/remote"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file is a fault that is a file.
type file struct{ path string }

func (f file) Plan(_ context.Context, x spec.Fault, _ spec.Target) (faults.Receipt, error) {
	boot, err := ledger.BootID()
	return faults.Receipt{Kind: x.Kind, Target: string(x.Target), BootID: boot}, err
}

func (f file) Inject(context.Context, faults.Receipt) error { return os.WriteFile(f.path, nil, 0o600) }

func (f file) Rollback(context.Context, faults.Receipt) error {
	if err := os.Remove(f.path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (f file) Probe(context.Context, faults.Receipt) (faults.Presence, error) {
	if _, err := os.Stat(f.path); errors.Is(err, os.ErrNotExist) {
		return faults.Absent, nil
	}
	return faults.Present, nil
}

// Stays is what a file leaves.
func (f file) Stays(context.Context, faults.Receipt) ([]string, error) {
	if _, err := os.Stat(f.path); err == nil {
		return nil, errors.New("it was asked while the fault is there")
	}
	return []string{"the file's name is used up"}, nil
}

// watcher is a reaper that does nothing but live.
type watcher struct {
	done   chan struct{}
	frozen *atomic.Bool
	beats  *atomic.Int64
	holds  *atomic.Int64 // of beats
}

func (w watcher) Beat(holds bool) {
	w.beats.Add(1)
	if holds {
		w.holds.Add(1)
	}
}

func (w watcher) Watches() bool         { return !w.frozen.Load() }
func (w watcher) Done() <-chan struct{} { return w.done }
func (w watcher) Close() error          { return nil }

// bench is one life of an agent, and what it reported.
type bench struct {
	*remote.Agent
	t       *testing.T
	fault   string
	ledger  *ledger.Ledger
	mu      sync.Mutex
	reports []commands.Command
	told    chan struct{}
	frozen  atomic.Bool // its reaper
	beats   atomic.Int64
	holds   atomic.Int64 // of beats
	file    string       // halts
	mute    bool         // no report can be sent
	end     context.CancelFunc
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	receipts, err := ledger.Open(filepath.Join(dir, "ledger"))
	require.NoError(t, err)
	b := &bench{t: t, fault: filepath.Join(dir, "fault"), ledger: receipts, told: make(chan struct{}, 100), file: filepath.Join(dir, ledger.HaltFileName)}
	b.Agent = remote.New(remote.Config{
		Name: "a", Instance: "1", Host: "h", Drivers: drivers.Set{"file": file{b.fault}}, Ledger: receipts, Log: slog.New(slog.DiscardHandler),
		Target:  func(spec.TargetName) (spec.Target, error) { return spec.Target{}, nil },
		Targets: func() []spec.TargetName { return []spec.TargetName{"x"} },
		Watch: func(context.Context) (remote.Reaper, error) {
			return watcher{make(chan struct{}), &b.frozen, &b.beats, &b.holds}, nil
		},
		HaltFile: b.file,
		Manual:   func(r string) string { return "undo " + r },
		Send: func(ctx context.Context, e commands.Envelope) error {
			if b.mute {
				<-ctx.Done()
				return ctx.Err()
			}
			b.mu.Lock()
			b.reports = append(b.reports, e.Command)
			b.mu.Unlock()
			b.told <- struct{}{}
			return nil
		},
	})
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- b.Run(ctx, func() { close(ready) }) }()
	<-ready
	b.end = stop
	t.Cleanup(func() { stop(); assert.NoError(t, <-done); assert.NoFileExists(t, b.fault) })
	return b
}

func (b *bench) request(change func(*halt.Request)) halt.Request {
	b.t.Helper()
	boot, err := ledger.BootID()
	require.NoError(b.t, err)
	q := halt.Request{
		Owner: halt.Owner{Controller: "c", Epoch: 5}, Experiment: "exp", Step: "s", Fault: spec.Fault{Kind: "file", Target: "x"},
		MaxLife: spec.Duration(time.Minute), Lease: spec.Duration(time.Minute), NotAfter: halt.Instant{Boot: boot, At: ledger.Boottime() + time.Minute},
	}
	if change != nil {
		change(&q)
	}
	return q
}

// next waits for a report that is of type C.
func next[C commands.Command](b *bench) C {
	b.t.Helper()
	late := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		for i, r := range b.reports {
			if c, ok := r.(C); ok {
				b.reports = append(b.reports[:i:i], b.reports[i+1:]...)
				b.mu.Unlock()
				return c
			}
		}
		b.mu.Unlock()
		select {
		case <-b.told:
		case <-late:
			var none C
			b.t.Fatalf("no %T was reported", none)
		}
	}
}

func TestAFaultComesAndGoesAsAsked(t *testing.T) {
	b := newBench(t)
	q := b.request(nil)
	assert.Equal(t, halt.Working, b.Inject(q).State)
	assert.Equal(t, "exp/s", next[commands.ReportInjected](b).Receipt)
	assert.FileExists(t, b.fault)
	assert.Equal(t, halt.There, b.Inject(q).State, "asked again it says what is")
	b.Undo(halt.Undo{Owner: q.Owner, Experiment: "exp", Step: "s", Cause: string(events.Planned)})
	gone := next[commands.ReportRolledBack](b)
	assert.Equal(t, events.Planned, gone.Cause)
	assert.Equal(t, []string{"the file's name is used up"}, gone.Stays)
	assert.NoFileExists(t, b.fault)
	assert.Equal(t, halt.Gone, b.Inject(q).State, "a tombstone bars it")
}

func TestALapsedLeaseUndoes(t *testing.T) {
	b := newBench(t)
	b.Inject(b.request(func(q *halt.Request) { q.Lease = spec.Duration(300 * time.Millisecond) }))
	next[commands.ReportInjected](b)
	assert.Equal(t, events.Lease, next[commands.ReportRolledBack](b).Cause)
}

func TestALifeTimeEndsAFaultThatNobodyEnds(t *testing.T) {
	b := newBench(t)
	b.Inject(b.request(func(q *halt.Request) { q.MaxLife = spec.Duration(300 * time.Millisecond) }))
	assert.Equal(t, events.Deadline, next[commands.ReportRolledBack](b).Cause)
}

func TestAHaltUndoesAndBarsUntilItsOwnResume(t *testing.T) {
	b := newBench(t)
	b.Inject(b.request(nil))
	next[commands.ReportInjected](b)
	a := b.Halt(t.Context(), halt.Order{ID: "h1", Cause: halt.ByOperator, By: "me", Why: "enough"})
	assert.Equal(t, halt.Answer{Agent: "a", Instance: "1", Undone: 1, Latched: "h1"}, a)
	assert.NoFileExists(t, b.fault)
	assert.Equal(t, events.Halt, next[commands.ReportRolledBack](b).Cause)
	other := b.request(func(q *halt.Request) { q.Experiment = "other" })
	assert.True(t, b.Inject(other).Final)
	next[commands.ReportRefusal](b)
	assert.Equal(t, "h1", b.Resume(t.Context(), halt.Resume{Order: "old", By: "me"}).Latched, "an old resume lifts nothing")
	assert.Empty(t, b.Resume(t.Context(), halt.Resume{Order: "h1", By: "me"}).Latched)
	assert.Equal(t, halt.Working, b.Inject(other).State)
	next[commands.ReportInjected](b)
}

func TestAHaltFileBarsFromTheFirstMoment(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.WriteFile(b.file, []byte("smoke"), 0o600))
	reply := b.Inject(b.request(nil))
	assert.Equal(t, halt.Refused, reply.State)
	assert.Contains(t, reply.Why, "smoke")
	assert.Contains(t, next[commands.ReportRefusal](b).Why, "smoke")
	assert.Eventually(t, func() bool { _, ok := b.ledger.Latched(); return ok }, 5*time.Second, time.Millisecond)
}

func TestTheReaperHearsOfAFaultBeforeItsReceipt(t *testing.T) {
	b := newBench(t)
	require.Eventually(t, func() bool { return b.beats.Load() > 2 }, 5*time.Second, time.Millisecond)
	assert.Zero(t, b.holds.Load(), "nothing is in place")
	b.Inject(b.request(nil))
	assert.NotZero(t, b.holds.Load())
	next[commands.ReportInjected](b)
	before := b.holds.Load()
	assert.Eventually(t, func() bool { return b.holds.Load() > before }, 5*time.Second, time.Millisecond, "and goes on hearing of it")
}

func TestAHaltDoesNotWaitForTheDiskToUndo(t *testing.T) {
	b := newBench(t)
	b.Inject(b.request(nil))
	next[commands.ReportInjected](b)
	held, err := os.Open(b.ledger.Dir())
	require.NoError(t, err)
	require.NoError(t, unix.Flock(int(held.Fd()), unix.LOCK_EX))
	answer := make(chan halt.Answer, 1)
	go func() { answer <- b.Halt(context.Background(), halt.Order{ID: "h", Cause: halt.ByOperator, By: "me"}) }()
	assert.Eventually(t, func() bool { _, err := os.Stat(b.fault); return errors.Is(err, os.ErrNotExist) }, 3*time.Second, time.Millisecond)
	assert.Empty(t, answer, "it is answered once the halt is on disk")
	require.NoError(t, held.Close())
	a := <-answer
	assert.Equal(t, halt.Answer{Agent: "a", Instance: "1", Undone: 1, Latched: "h"}, a)
}

func TestAnAgentThatEndsIsNotSilent(t *testing.T) {
	b := newBench(t)
	b.mute = true // its last words take a while
	b.Inject(b.request(nil))
	require.Eventually(t, func() bool { _, err := os.Stat(b.fault); return err == nil }, 5*time.Second, time.Millisecond)
	b.end()
	require.Eventually(t, func() bool { _, err := os.Stat(b.fault); return err != nil }, 5*time.Second, time.Millisecond)
	before := b.beats.Load()
	assert.Eventually(t, func() bool { return b.beats.Load() > before+3 }, 2*time.Second, 10*time.Millisecond)
}

func TestWhatIsOldOrForgedIsRefusedAndRecorded(t *testing.T) {
	for why, change := range map[string]func(*halt.Request){
		"too late":     func(q *halt.Request) { q.NotAfter.At = ledger.Boottime() - 1 },
		"another boot": func(q *halt.Request) { q.NotAfter.Boot = "other" },
		"no owner":     func(q *halt.Request) { q.Owner = halt.Owner{} },
		"no life-time": func(q *halt.Request) { q.MaxLife = 0 },
		"no lease":     func(q *halt.Request) { q.Lease = 0 },
	} {
		t.Run(why, func(t *testing.T) {
			b := newBench(t)
			assert.Equal(t, halt.Refused, b.Inject(b.request(change)).State)
			assert.Equal(t, "a", next[commands.ReportRefusal](b).Agent)
			assert.NoFileExists(t, b.fault)
		})
	}
}

func TestAnOwnerThatWasSucceededIsRefused(t *testing.T) {
	b := newBench(t)
	b.Inject(b.request(func(q *halt.Request) { q.Lease = spec.Duration(2 * time.Second) }))
	next[commands.ReportInjected](b)
	stale := halt.Owner{Controller: "old", Epoch: 4}
	b.Renew(halt.Renewal{Owner: stale, Beat: 1, Lease: spec.Duration(time.Minute), Experiments: []spec.ExperimentID{"exp"}})
	assert.Contains(t, next[commands.ReportRefusal](b).Why, "another controller")
	reply := b.Inject(b.request(func(q *halt.Request) { q.Owner, q.Step = stale, "t" }))
	assert.Equal(t, halt.Refused, reply.State)
	assert.Equal(t, events.Lease, next[commands.ReportRolledBack](b).Cause, "it renewed nothing")
}

func TestNothingIsInjectedWhileTheReaperStandsStill(t *testing.T) {
	b := newBench(t)
	b.frozen.Store(true)
	reply := b.Inject(b.request(nil))
	assert.Equal(t, halt.Refused, reply.State)
	assert.False(t, reply.Final, "it may run again")
	b.frozen.Store(false)
	assert.Equal(t, halt.Working, b.Inject(b.request(nil)).State)
	next[commands.ReportInjected](b)
}
