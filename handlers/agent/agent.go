// Package agent puts faults in place and undoes them, as the log asks. What
// it does follows from the state of the experiment and from its own ledger,
// never from having seen a particular event: after a restart it goes on.
package agent

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// Config is what an agent needs. All fields must be set.
type Config struct {
	Name    string // who reports
	Drivers drivers.Set
	Ledger  *ledger.Ledger
	// Target finds what a fault is to break; an error names the target.
	Target func(spec.TargetName) (spec.Target, error)
	// Send publishes a report and returns once it is stored.
	Send func(context.Context, commands.Envelope) error
	Log  *slog.Logger
	// Manual is the command that undoes a receipt by hand.
	Manual func(receipt string) string
}

// Agent is safe for concurrent use. Run it once.
type Agent struct {
	Config
	mu   sync.Mutex
	jobs map[string]*job // by receipt
	wait sync.WaitGroup
	ctx  context.Context //nolint:containedctx // the life of all jobs: that of Run
}

// New makes an agent that does nothing before Run.
func New(c Config) *Agent { return &Agent{Config: c, jobs: map[string]*job{}} }

// job is one receipt's work. An injection and an undoing of it never overlap.
type job struct {
	turn      sync.Mutex // held while the fault is being changed
	cancel    context.CancelFunc
	injecting bool
	undoing   bool
	reported  bool
}

// ReceiptID names the receipt of a step's fault.
func ReceiptID(e spec.ExperimentID, step spec.StepID) string { return string(e) + "/" + string(step) }

// Run undoes what an earlier agent left, calls ready, serves until ctx ends
// and then undoes whatever is still in place.
func (a *Agent) Run(ctx context.Context, ready func()) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	a.mu.Lock()
	a.ctx = work
	a.mu.Unlock()
	err := a.undoAll(ctx)
	if err != nil {
		a.Log.Error("an earlier fault is still in place", "error", err)
	}
	ready()
	a.keepDeadlines(ctx)
	stop()
	a.wait.Wait()
	last, done := context.WithTimeout(context.WithoutCancel(ctx), lastUndo)
	defer done()
	return a.undoAll(last)
}

// Reconcile does what a state of an experiment asks for. It does not block.
// Before Run was ready it does nothing.
func (a *Agent) Reconcile(s experiment.State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx == nil || a.ctx.Err() != nil {
		return
	}
	for _, id := range s.Requests() {
		st, _ := s.Step(id)
		a.inject(s, st)
	}
	for _, id := range s.Undoings() {
		st, _ := s.Step(id)
		a.undo(s.ID, id, st.Cause)
	}
	for _, st := range s.Steps {
		if st.Phase == experiment.Present || st.Phase == experiment.StuckStep {
			a.confirm(s.ID, st.ID)
		}
	}
}

// confirm reports a fault that the log believes in place and the ledger knows
// to be undone: by the deadline, or by an earlier life of this agent.
func (a *Agent) confirm(e spec.ExperimentID, step spec.StepID) {
	id := ReceiptID(e, step)
	if !a.Ledger.Buried(id) {
		return
	}
	j := a.job(id)
	if j.undoing || j.reported {
		return
	}
	j.reported = true
	a.wait.Go(func() { a.reportGone(a.ctx, e, step, events.AgentRestart) })
}

// job is called under a.mu.
func (a *Agent) job(id string) *job {
	j, ok := a.jobs[id]
	if !ok {
		j = &job{}
		a.jobs[id] = j
	}
	return j
}

// Held lists the receipts that this agent works on, for tests and for people.
func (a *Agent) Held() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.jobs))
}

const lastUndo = 60 * time.Second
