// Package remote is the agent that is asked over NATS: it breaks and mends
// targets on one machine, keeps its receipts on its own disk, and needs Kafka
// for nothing. What it does on a request follows from its ledger, never from
// having seen an earlier one: after a restart it goes on.
package remote

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// Reaper undoes the ledger when this agent is dead or silent.
type Reaper interface {
	Beat(holds bool) // the agent is well; a fault is in place, or about to be
	Watches() bool   // it is there and runs
	Done() <-chan struct{}
	Close() error
}

// Config is what an agent needs. All fields but HaltFile must be set.
type Config struct {
	Name     string // its subject on NATS
	Instance string // of this life
	Host     string
	Drivers  drivers.Set
	Ledger   *ledger.Ledger
	// Target finds what a fault is to break; an error names the target.
	Target  func(spec.TargetName) (spec.Target, error)
	Targets func() []spec.TargetName
	// Send stores a report and returns once it is stored.
	Send func(context.Context, commands.Envelope) error
	// Watch starts a reaper.
	Watch    func(context.Context) (Reaper, error)
	Log      *slog.Logger
	HaltFile string // halts everything while it is there
	// Manual is the command that undoes a receipt by hand.
	Manual func(receipt string) string
}

// Agent is safe for concurrent use. Run it once.
type Agent struct {
	Config
	boot string

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // the life of all jobs: that of Run
	reaper  Reaper          // nil: nothing may be injected
	jobs    map[string]*job // by receipt
	tenures map[spec.ExperimentID]tenure
	told    map[string]time.Time // reports and refusals that were repeated lately
	wait    sync.WaitGroup
	begun   chan struct{} // the first job, since watch looked
}

// New makes an agent that refuses everything before Run.
func New(c Config) *Agent {
	return &Agent{
		Config: c, jobs: map[string]*job{}, tenures: map[spec.ExperimentID]tenure{}, told: map[string]time.Time{},
		begun: make(chan struct{}, 1),
	}
}

// job is one receipt's work. An injection and an undoing of it never overlap.
type job struct {
	experiment spec.ExperimentID
	step       spec.StepID
	turn       sync.Mutex  // held while the fault is being changed
	vanished   func() bool // of a fault that may end by itself; set once, before it is kept
	cancel     context.CancelFunc
	state      halt.State
	undoing    bool
	gone       chan struct{} // closed when it is seen gone and buried
	problem    error         // of the last try to undo it
}

// ReceiptID names the receipt of a step's fault.
func ReceiptID(e spec.ExperimentID, step spec.StepID) string { return string(e) + "/" + string(step) }

const (
	// look is the period of the agent's own watch: over leases, life-times,
	// the halt file and its reaper. It is also its heartbeat.
	look = 100 * time.Millisecond
	// lookSeldom is that period while there is no job to look after.
	lookSeldom = 400 * time.Millisecond
	// forgetEvery is how often what is long over is dropped.
	forgetEvery = time.Minute
	// keepTombstones is how long an undone receipt bars its return.
	keepTombstones = 30 * 24 * time.Hour
	lastUndo       = 60 * time.Second
	lastWords      = 3 * time.Second
)

// Run undoes what an earlier life left, calls ready, serves until ctx ends and
// then undoes whatever is still in place.
func (a *Agent) Run(ctx context.Context, ready func()) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var err error
	if a.boot, err = ledger.BootID(); err != nil {
		return err
	}
	if err := a.undoAll(ctx); err != nil {
		a.Log.Error("an earlier fault is still in place", "error", err)
	}
	if err := a.Ledger.Forget(keepTombstones); err != nil {
		a.Log.Warn("old tombstones stay", "error", err)
	}
	a.mu.Lock()
	a.ctx = work
	a.mu.Unlock()
	a.ensureReaper(ctx)
	ready()
	a.watch(ctx)
	return a.end(ctx, stop)
}

// end leaves nothing behind: no fault, and no report that could be sent.
func (a *Agent) end(ctx context.Context, stop context.CancelFunc) error {
	a.mu.Lock()
	reaper := a.reaper
	a.reaper = nil // from here on nothing is injected
	for _, j := range a.jobs {
		a.undo(j.experiment, j.step, cause{what: events.AgentRestart, why: "the agent was ended"})
	}
	a.mu.Unlock()
	quiet := keepBeating(ctx, reaper)
	defer quiet()
	last, done := context.WithTimeout(context.WithoutCancel(ctx), lastUndo)
	defer done()
	err := a.undoAll(last)
	words := time.AfterFunc(lastWords, stop)
	a.wait.Wait()
	words.Stop()
	quiet()
	if reaper != nil {
		err = errors.Join(err, reaper.Close())
	}
	return err
}

// keepBeating tells the reaper that an agent which ends is well, until quiet is
// called: else it would be killed for its silence over its last words.
func keepBeating(ctx context.Context, reaper Reaper) (quiet func()) {
	if reaper == nil {
		return func() {}
	}
	ctx, quiet = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		for pause.For(ctx, look) {
			reaper.Beat(true)
		}
	}()
	return quiet
}

// Hello implements halt.Agent.
func (a *Agent) Hello() halt.Hello {
	h := halt.Hello{Name: a.Name, Instance: a.Instance, Host: a.Host, Now: halt.Instant{Boot: a.boot, At: ledger.Boottime()}, Targets: a.Targets()}
	if latch, ok := a.Ledger.Latched(); ok {
		h.Latched = latch.ID
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range a.jobs {
		if j.state != halt.Gone {
			h.Live++
		}
	}
	return h
}

// job is called under a.mu. The first one is looked after at once.
func (a *Agent) job(e spec.ExperimentID, step spec.StepID) *job {
	id := ReceiptID(e, step)
	j, ok := a.jobs[id]
	if !ok {
		j = &job{experiment: e, step: step, gone: make(chan struct{})}
		if len(a.jobs) == 0 {
			select {
			case a.begun <- struct{}{}:
			default:
			}
		}
		a.jobs[id] = j
	}
	return j
}
