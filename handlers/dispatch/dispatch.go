// Package dispatch asks agents for what the state of each experiment wants:
// faults put in place, and undone. It asks again until the state shows what
// came of it, and renews the leases of all that is in place meanwhile. What it
// asks for follows from the state alone, so that a restart goes on.
package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/spec"
)

// Agents reaches agents by their names; halt.Conn is one.
type Agents interface {
	Inject(ctx context.Context, agent string, q halt.Request) (halt.Reply, error)
	Undo(ctx context.Context, agent string, q halt.Undo) (halt.Reply, error)
	Status(ctx context.Context, agent string, q halt.Status) (halt.Reply, error)
	Renew(ctx context.Context, r halt.Renewal) error
}

// Config is what a dispatcher needs. All fields must be set.
type Config struct {
	Owner  halt.Owner
	Lease  time.Duration
	Agents Agents
	Roster *Roster
	// Live lists the experiments that are not over, State is one of them: as
	// the log has them, or will have them.
	Live  func() []experiment.State
	State func(spec.ExperimentID) experiment.State
	// Send publishes what no agent can report: that there is none.
	Send func(context.Context, commands.Envelope) error
	Log  *slog.Logger
}

const (
	look       = 250 * time.Millisecond // while an experiment is live
	askWithin  = 2 * time.Second
	askAgain   = time.Second     // for what is under way
	statusRest = 2 * time.Second // between two looks at a fault that is there
	// giveUp is how long an injection may find no agent that takes it.
	giveUp = 15 * time.Second
	// good is how long a request may take on its way.
	good = 3 * time.Second
)

// Dispatcher is safe for concurrent use. Run it once.
type Dispatcher struct {
	Config
	kick chan struct{}

	mu    sync.Mutex
	asked map[string]*errand // by receipt
	wait  sync.WaitGroup
}

// errand is what was asked of an agent for one step.
type errand struct {
	busy  bool
	next  time.Time // when to ask again
	since time.Time // of the first try of what is asked for now
	phase experiment.StepPhase
}

// New makes a dispatcher that asks nothing before Run.
func New(c Config) *Dispatcher {
	return &Dispatcher{Config: c, kick: make(chan struct{}, 1), asked: map[string]*errand{}}
}

// Notice has the states looked at now. It does not block.
func (d *Dispatcher) Notice() {
	select {
	case d.kick <- struct{}{}:
	default:
	}
}

// Run asks until ctx ends. While no experiment is live it waits for Notice.
func (d *Dispatcher) Run(ctx context.Context) error {
	defer d.wait.Wait()
	d.wait.Go(func() { d.renew(ctx) })
	next := time.NewTimer(look)
	defer next.Stop()
	for {
		live := d.Live()
		d.lookAt(ctx, live)
		if len(live) > 0 {
			next.Reset(look)
		} else {
			next.Stop()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		case <-d.kick:
		}
	}
}

// renew says to every agent that the owner is alive: five times a lease, for
// the experiments that have, or are about to have, a fault in place.
func (d *Dispatcher) renew(ctx context.Context) {
	tick := time.NewTicker(d.Lease / 5)
	defer tick.Stop()
	for beat := uint64(1); ; beat++ {
		if held := holding(d.Live()); len(held) > 0 {
			if err := d.Agents.Renew(ctx, halt.Renewal{Owner: d.Owner, Beat: beat, Lease: spec.Duration(d.Lease), Experiments: held}); err != nil {
				d.Log.Debug("leases are not renewed", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func holding(live []experiment.State) []spec.ExperimentID {
	var out []spec.ExperimentID
	for _, s := range live {
		for _, st := range s.Steps {
			if wanted(st.Phase) {
				out = append(out, s.ID)
				break
			}
		}
	}
	return out
}

// wanted says whether an agent is to do, or keep, something for a step.
func wanted(p experiment.StepPhase) bool {
	switch p {
	case experiment.Requested, experiment.Present, experiment.Undoing, experiment.StuckStep:
		return true
	case experiment.Waiting, experiment.Gone, experiment.Failed:
	}
	return false
}

func (d *Dispatcher) lookAt(ctx context.Context, live []experiment.State) {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := map[string]bool{}
	for _, s := range live {
		for _, st := range s.Steps {
			if !wanted(st.Phase) {
				continue
			}
			id := receiptID(s.ID, st.ID)
			kept[id] = true
			d.errand(ctx, id, s, st, now)
		}
	}
	for id, e := range d.asked {
		if !kept[id] && !e.busy {
			delete(d.asked, id)
		}
	}
}

// errand is called under d.mu.
func (d *Dispatcher) errand(ctx context.Context, id string, s experiment.State, st experiment.Step, now time.Time) {
	e, ok := d.asked[id]
	if !ok || e.phase != st.Phase && !e.busy {
		e = &errand{since: now, phase: st.Phase}
		d.asked[id] = e
		if st.Phase == experiment.Present || st.Phase == experiment.StuckStep {
			e.next = now.Add(statusRest)
		}
	}
	if e.busy || now.Before(e.next) {
		return
	}
	e.busy = true
	since := e.since
	d.wait.Go(func() {
		rest := d.ask(ctx, s, st, since)
		d.mu.Lock()
		e.busy, e.next = false, time.Now().Add(rest)
		d.mu.Unlock()
		if d.stepPhase(s.ID, st.ID) != st.Phase {
			d.Notice()
		}
	})
}

func (d *Dispatcher) stepPhase(id spec.ExperimentID, step spec.StepID) experiment.StepPhase {
	st, _ := d.State(id).Step(step)
	return st.Phase
}

func receiptID(e spec.ExperimentID, step spec.StepID) string { return string(e) + "/" + string(step) }
