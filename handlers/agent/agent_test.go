package agent_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/agent"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const id = spec.ExperimentID("exp-1")

// direct is a log in memory: what is appended is applied at once.
type direct struct{ log *handlers.Log }

func (d direct) Append(_ context.Context, b events.Batch, _ string) error {
	d.log.Apply(b, handlers.Place{})
	return nil
}

// memory is a fault that is a file.
type memory struct {
	path string
	mu   sync.Mutex
	fail error // of Rollback
	slow chan struct{}
}

func (m *memory) Plan(_ context.Context, f spec.Fault, _ spec.Target) (faults.Receipt, error) {
	boot, err := ledger.BootID()
	return faults.Receipt{Kind: f.Kind, Target: string(f.Target), BootID: boot}, err
}

func (m *memory) Inject(ctx context.Context, _ faults.Receipt) error {
	if m.slow != nil {
		select {
		case <-m.slow:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return os.WriteFile(m.path, nil, 0o600)
}

func (m *memory) Rollback(context.Context, faults.Receipt) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if err := os.Remove(m.path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (m *memory) Probe(context.Context, faults.Receipt) (faults.Presence, error) {
	_, err := os.Stat(m.path)
	if errors.Is(err, os.ErrNotExist) {
		return faults.Absent, nil
	}
	return faults.Present, err
}

type bench struct {
	t      *testing.T
	log    *handlers.Log
	decide handlers.Decider
	driver *memory
	dir    string
	stop   context.CancelFunc
	done   chan error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	log := &handlers.Log{}
	dir := t.TempDir()
	return &bench{t: t, log: log, decide: handlers.Decider{Log: log, Appender: direct{log}}, dir: dir, driver: &memory{path: filepath.Join(dir, "fault")}}
}

// start is a life of the agent, which end or the test's own end closes.
func (b *bench) start() {
	b.t.Helper()
	receipts, err := ledger.Open(filepath.Join(b.dir, "ledger"))
	require.NoError(b.t, err)
	a := agent.New(agent.Config{
		Name: "agent@test", Drivers: drivers.Set{"memory": b.driver}, Ledger: receipts, Log: slog.New(slog.DiscardHandler),
		Target: func(spec.TargetName) (spec.Target, error) { return spec.Target{}, nil },
		Send:   b.decide.Decide, Manual: func(r string) string { return "undo " + r },
	})
	ctx, stop := context.WithCancel(context.Background())
	ready := make(chan struct{})
	b.done = make(chan error, 1)
	go func() { b.done <- a.Run(ctx, func() { close(ready) }) }()
	<-ready
	b.log.Listen(func(x handlers.Accepted) { a.Reconcile(x.State) })
	for _, s := range b.log.Live() {
		a.Reconcile(s)
	}
	b.stop = stop
	b.t.Cleanup(func() { b.end() })
}

func (b *bench) end() {
	if b.stop == nil {
		return
	}
	b.stop()
	b.stop = nil
	assert.NoError(b.t, <-b.done)
}

func (b *bench) send(id string, c commands.Command) {
	b.t.Helper()
	require.NoError(b.t, b.decide.Decide(b.t.Context(), commands.Envelope{ID: id, Experiment: "exp-1", At: time.Now(), By: "t", Command: c}))
}

// begin leads the experiment to its request for a fault.
func (b *bench) begin(life time.Duration) {
	b.t.Helper()
	doc := spec.Document{
		Faultline: "v1", Title: "t", Limits: spec.Limits{MaxFaultLife: spec.Duration(life)},
		Steps: []spec.Step{{ID: "s", Fault: spec.Fault{Kind: "memory", Target: "x"}}},
	}
	b.send("1", commands.Schedule{Document: doc})
	b.send("2", commands.BeginBaseline{})
	b.send("3", commands.CompleteBaseline{Windows: 10})
}

func (b *bench) await(ok func(experiment.State) bool) experiment.State {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	s, err := b.log.Await(ctx, id, ok)
	require.NoError(b.t, err, "the experiment is %s: %+v", s.Phase, s.Steps)
	return s
}

func (b *bench) step(p experiment.StepPhase) experiment.State {
	b.t.Helper()
	return b.await(func(s experiment.State) bool { return len(s.Steps) == 1 && s.Steps[0].Phase == p })
}

func TestFaultComesAndGoesAsTheLogAsks(t *testing.T) {
	b := newBench(t)
	b.start()
	b.begin(time.Minute)
	b.step(experiment.Present)
	assert.FileExists(t, b.driver.path)
	b.send("4", commands.EndStep{Step: "s"})
	s := b.step(experiment.Gone)
	assert.NoFileExists(t, b.driver.path)
	assert.Equal(t, events.Planned, s.Cause)
	assert.Equal(t, experiment.Recovering, s.Phase)
}

func TestDeadlineEndsAFaultThatNobodyEnds(t *testing.T) {
	b := newBench(t)
	b.start()
	b.begin(300 * time.Millisecond)
	s := b.step(experiment.Gone)
	assert.NoFileExists(t, b.driver.path)
	assert.Equal(t, events.Deadline, s.Cause)
}

func TestAbortOvertakesAnInjection(t *testing.T) {
	b := newBench(t)
	b.driver.slow = make(chan struct{}) // never: only its context ends it
	b.start()
	b.begin(time.Minute)
	b.send("4", commands.Abort{Reason: "no"})
	s := b.await(func(s experiment.State) bool { return s.Phase.Over() })
	assert.Equal(t, experiment.Aborted, s.Phase)
	assert.NoFileExists(t, b.driver.path)
}

func TestNewLifeUndoesWhatTheLastLeft(t *testing.T) {
	b := newBench(t)
	b.start()
	b.begin(time.Minute)
	b.step(experiment.Present)
	b.end()
	assert.NoFileExists(t, b.driver.path, "an agent that ends leaves no fault")
	b.start()
	s := b.step(experiment.Gone)
	assert.Equal(t, events.AgentRestart, s.Cause)
}

func TestStuckIsToldAndGoesOn(t *testing.T) {
	b := newBench(t)
	b.driver.fail = errors.New("no power")
	b.start()
	b.begin(time.Minute)
	b.step(experiment.Present)
	b.send("4", commands.EndStep{Step: "s"})
	s := b.step(experiment.StuckStep)
	assert.Equal(t, "undo exp-1/s", s.Steps[0].Manual)
	assert.Contains(t, s.Steps[0].Why, "no power")
	b.driver.mu.Lock()
	b.driver.fail = nil
	b.driver.mu.Unlock()
	b.step(experiment.Gone)
	assert.NoFileExists(t, b.driver.path)
}

func TestUnwritableLedgerInjectsNothing(t *testing.T) {
	b := newBench(t)
	b.start()
	require.NoError(t, os.RemoveAll(filepath.Join(b.dir, "ledger")))
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, "ledger"), nil, 0o600))
	b.begin(time.Minute)
	s := b.await(func(s experiment.State) bool { return s.Phase.Over() })
	assert.NoFileExists(t, b.driver.path)
	assert.Equal(t, events.Inconclusive, s.Verdict)
	require.NoError(t, os.Remove(filepath.Join(b.dir, "ledger")))
	_, err := ledger.Open(filepath.Join(b.dir, "ledger"))
	require.NoError(t, err)
}
