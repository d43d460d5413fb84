// Package reaper undoes the faults of an agent that is dead or silent, from a
// process of its own. It knows the ledger and the agent's heartbeat, nothing
// of experiments, Kafka or NATS, and injects nothing.
package reaper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
)

const (
	// lookEvery is how often halts and life-times are looked at while a fault is
	// in place, or may be.
	lookEvery = 250 * time.Millisecond
	// lookSeldom is how often where there is none. A beat has them looked at,
	// too: the reaper is awake then.
	lookSeldom = time.Second
	// grace is for the agent, which ends its faults by their deadline itself.
	grace = 250 * time.Millisecond
	// secondLook lets beats arrive that waited while the reaper itself was
	// held up: they are no silence of the agent.
	secondLook = 50 * time.Millisecond
	// dying is how long a killed agent may take to be gone. One that hangs in
	// the kernel past that runs no line of its own any more.
	dying = 10 * time.Second
)

// Config is what a reaper needs.
type Config struct {
	Ledger *ledger.Ledger
	// Undo rolls a fault back, with a budget of its own.
	Undo func(context.Context, faults.Receipt) error
	// Heartbeat is what Child writes. Without one the reaper stands alone.
	Heartbeat io.Reader
	// Agent is whom to kill before its faults are undone. The zero value is
	// nobody.
	Agent    process.Record
	Silence  time.Duration // of the agent, after which it is killed
	HaltFile string        // that halts everything by being there; "" = none
	// Once lets a reaper that stands alone end when it has undone what there
	// was to undo.
	Once  bool
	Log   *slog.Logger
	Now   func() time.Duration // CLOCK_BOOTTIME; nil = ledger.Boottime
	Ready func()               // called once the agent is watched; may be nil
	Gone  func()               // called once it is to be watched no longer, before anything is undone; may be nil
}

func (c Config) validate() error {
	var problems []error
	if c.Ledger == nil || c.Undo == nil || c.Log == nil {
		problems = append(problems, errors.New("ledger, undo and log are needed"))
	}
	if c.Heartbeat != nil && c.Silence <= 0 {
		problems = append(problems, fmt.Errorf("silence of %s: give the agent some time between two beats", c.Silence))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("starting the reaper: %w", err)
	}
	return nil
}

// Run watches an agent by its heartbeat and returns once the agent is gone and
// nothing that it left is live. An agent that is silent is killed first. Life-
// times, halts of the ledger and the halt file are enforced throughout.
//
// While it watches, the end of ctx changes nothing but is told: a reaper that
// left before its agent could leave a fault behind. End the agent instead.
//
// Without a heartbeat it undoes everything at once, or, should Agent run, what
// is overdue; then it goes on enforcing until ctx ends, or ends with Once.
func Run(ctx context.Context, c Config) error {
	if err := c.validate(); err != nil {
		return err
	}
	if c.Now == nil {
		c.Now = ledger.Boottime
	}
	r := &reaper{Config: c, at: map[string]chan struct{}{}, heard: make(chan struct{}, 1)}
	if c.Heartbeat == nil {
		return r.alone(ctx)
	}
	return r.watch(ctx)
}

type reaper struct {
	Config
	mu   sync.Mutex
	at   map[string]chan struct{} // receipts that are being undone; closed when that ends
	seen []faults.Receipt         // what was live when the ledger could last be read
	wait sync.WaitGroup

	held  atomic.Bool   // what the agent said last: a fault is in place or about to be
	heard chan struct{} // a beat after which to look at once
}

// watch follows the agent. Looking at the disk is another goroutine's: a disk
// that hangs must not keep a silent agent alive.
func (r *reaper) watch(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var guard sync.WaitGroup
	guard.Go(func() { r.guard(work) })
	by, kill := r.follow(ctx)
	if r.Gone != nil {
		r.Gone()
	}
	if kill {
		r.endAgent(work)
	}
	err := r.undoAll(work, by)
	stop()
	guard.Wait()
	r.wait.Wait()
	return err
}

// follow returns how the agent ended: what to say of it, and whether it is to
// be killed.
func (r *reaper) follow(ctx context.Context) (by string, kill bool) {
	pulse := listen(r.Heartbeat)
	if r.Ready != nil {
		r.Ready()
	}
	silent := time.NewTimer(r.Silence)
	defer silent.Stop()
	asked, suspect := ctx.Done(), false
	for {
		select {
		case bye := <-pulse.end:
			if bye {
				return "reaper: the agent ended and left it", false
			}
			r.Log.Warn("the agent is gone", "pid", r.Agent.PID)
			return "reaper: the agent is gone", true
		case <-pulse.beats:
			silent.Reset(r.Silence)
			suspect = false
			r.hear(pulse.holds.Load())
		case <-silent.C:
			if suspect {
				r.Log.Warn("the agent is silent", "pid", r.Agent.PID, "for", r.Silence)
				return fmt.Sprintf("reaper: the agent was silent for %s", r.Silence), true
			}
			suspect = true
			silent.Reset(secondLook)
		case <-asked:
			asked = nil
			r.Log.Warn("asked to end while the agent runs: going on; end the agent, and the reaper follows", "pid", r.Agent.PID)
		}
	}
}

// hear has the ledger looked at now, unless it is looked at often anyway.
func (r *reaper) hear(holds bool) {
	if r.held.Swap(holds) && holds {
		return
	}
	select {
	case r.heard <- struct{}{}:
	default:
	}
}

// alone is for a reaper that no agent has started.
func (r *reaper) alone(ctx context.Context) error {
	var problem error
	if r.Agent.Alive() {
		r.Log.Info("an agent runs, and has a reaper: only what is overdue is undone", "pid", r.Agent.PID)
		_, problem = r.look(ctx)
	} else {
		problem = r.undoAll(ctx, "reaper: no agent runs")
	}
	if !r.Once && ctx.Err() == nil {
		r.guard(ctx)
	}
	r.wait.Wait()
	if r.Once || r.Agent.Alive() {
		return problem
	}
	live, err := r.Ledger.Live(context.WithoutCancel(ctx))
	if len(live) > 0 {
		err = errors.Join(err, fmt.Errorf("ending the reaper: %d faults are still in place; undo them with faultline ledger undo", len(live)))
	}
	return err
}

// endAgent kills the agent and waits until it is gone: an agent that went on
// while its faults are undone could inject one more.
func (r *reaper) endAgent(ctx context.Context) {
	if r.Agent.PID == 0 {
		return
	}
	problem := process.Signal(r.Agent, killSignal)
	if errors.Is(problem, process.ErrNotSame) {
		return
	}
	ctx, stop := context.WithTimeout(ctx, dying)
	defer stop()
	for {
		state, err := r.Agent.Look()
		if err == nil && state == process.Gone {
			return
		}
		if !pause.For(ctx, time.Millisecond) {
			r.Log.Error("the agent was killed and is not gone; undoing all the same", "pid", r.Agent.PID, "error", errors.Join(problem, err))
			return
		}
	}
}

// The causes that tombstones tell are those of events.
const (
	causeGone     = string(events.AgentRestart)
	causeDeadline = string(events.Deadline)
	causeHalt     = string(events.Halt)
)
