package chaostest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/caller"
	"github.com/k2-platform/faultline/spec"
)

// Fault is one that was injected: an experiment, seen from its publisher.
type Fault struct {
	ID       spec.ExperimentID
	Document spec.Document

	pipeline Pipeline
	ended    atomic.Bool // its end was asked for
}

// String names fault, target and experiment.
func (f *Fault) String() string {
	return fmt.Sprintf("%s of %s (experiment %s)", f.fault().Kind, f.fault().Target, f.ID)
}

func (f *Fault) fault() spec.Fault { return f.Document.Steps[0].Fault }

func (f *Fault) state() experiment.State { return f.pipeline.State(f.ID) }

func (f *Fault) step() experiment.Step {
	s, _ := f.state().Step(step)
	return s
}

func (f *Fault) live() bool { s := f.step(); return !s.Seen.IsZero() && s.Gone.IsZero() }

func (f *Fault) wasSeen() bool { return !f.step().Seen.IsZero() }

func (f *Fault) send(ctx context.Context, c commands.Command) error {
	e := commands.Envelope{ID: uuid.NewString(), Experiment: f.ID, At: time.Now().UTC(), By: caller.Name(), Command: c}
	if err := f.pipeline.Send(ctx, e); err != nil {
		return fmt.Errorf("publishing %s for %s: %w; does the pipeline run?", commands.TypeOf(c), f, err)
	}
	return nil
}

func (f *Fault) schedule(ctx context.Context) error {
	return f.send(ctx, commands.Schedule{Document: f.Document})
}

// await waits until the log says so. ErrNoAnswer where it does not in time.
func (f *Fault) await(ctx context.Context, within time.Duration, what string, ok func(experiment.State) bool) (experiment.State, error) {
	waiting, stop := context.WithTimeout(ctx, within)
	defer stop()
	s, err := f.pipeline.Await(waiting, f.ID, ok)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = fmt.Errorf("%w within %s", ErrNoAnswer, within)
	}
	if err != nil {
		return s, fmt.Errorf("%s %s: %w", what, f, err)
	}
	return s, nil
}

func (f *Fault) awaitInjected(ctx context.Context, within time.Duration) error {
	if _, err := f.await(ctx, answer, "scheduling", func(s experiment.State) bool { return s.Version > 0 }); err != nil {
		return fmt.Errorf("%w; does the pipeline run? A document that cannot be read goes to the dead letters: look there", err)
	}
	s, err := f.await(ctx, within, "injecting", func(s experiment.State) bool {
		st, _ := s.Step(step)
		return !st.Seen.IsZero() || f.hindrance(s) != nil
	})
	if st, _ := s.Step(step); !st.Seen.IsZero() {
		return nil
	}
	if why := f.hindrance(s); why != nil {
		return fmt.Errorf("injecting %s: %w", f, why)
	}
	return fmt.Errorf("%w; does an agent run that serves %s (faultline agent)?", err, f.fault().Target)
}

// hindrance is why a fault will not be there; nil while it may come yet.
func (f *Fault) hindrance(s experiment.State) error {
	st, _ := s.Step(step)
	reasons := strings.Join(s.Reasons, "; ")
	switch {
	case s.Phase == experiment.Denied:
		return fmt.Errorf("%w: %s", ErrDenied, reasons)
	case s.ApprovalAsked && s.Approved == nil:
		return fmt.Errorf("%w: a second person must approve it, which a test cannot wait for: run it where none is needed", ErrDenied)
	case st.Phase == experiment.StuckStep:
		return stuck(st)
	case st.Phase == experiment.Failed:
		return fmt.Errorf("%w: %s", ErrNotInjected, st.Why)
	case s.Phase.Over():
		return fmt.Errorf("%w: the experiment ended before: %s", ErrNotInjected, reasons)
	case s.Phase == experiment.Absent && s.Version > 0:
		return fmt.Errorf("%w: its id was refused; see faultline show %s", ErrRefused, f.ID)
	}
	return nil
}

func stuck(st experiment.Step) error {
	return fmt.Errorf("%w: %s; run by hand: %s", ErrStuck, st.Why, st.Manual)
}

// end asks for the planned end, once; it waits for nothing.
func (f *Fault) end(ctx context.Context) error {
	if !f.live() || f.ended.Swap(true) {
		return nil
	}
	err := f.send(ctx, commands.EndStep{Step: step})
	if err != nil {
		f.ended.Store(false)
	}
	return err
}

// Rollback ends the fault and waits until it is seen gone. It does nothing where
// it is gone already. ErrStuck where it cannot be undone.
func (f *Fault) Rollback(ctx context.Context) error {
	if f.state().Version == 0 {
		return nil // nobody has heard of it
	}
	if err := f.end(ctx); err != nil {
		return err
	}
	s, err := f.await(ctx, gone, "rolling back", func(s experiment.State) bool {
		st, _ := s.Step(step)
		return !st.Gone.IsZero() || st.Phase == experiment.StuckStep || st.Phase == experiment.Failed || s.Phase.Over()
	})
	if err != nil {
		return fmt.Errorf("%w; see faultline ledger list on the agent's machine, or end it with faultline halt %s", err, f.ID)
	}
	if st, _ := s.Step(step); st.Phase == experiment.StuckStep {
		return fmt.Errorf("rolling back %s: %w", f, stuck(st))
	}
	return nil
}

// recovered waits for what was measured of the way back.
func (f *Fault) recovered(ctx context.Context, within time.Duration) error {
	s, err := f.await(ctx, within, "waiting for recovery from", func(s experiment.State) bool { return s.Phase.Over() || s.Phase == experiment.Stuck })
	switch {
	case err != nil:
		return errors.Join(ErrNotRecovered, err)
	case s.Verdict == events.Upheld:
		return nil
	case s.Recovery != nil && !s.Recovery.Recovered:
		return fmt.Errorf("%w from %s: %s", ErrNotRecovered, f, s.Recovery.Why)
	}
	return fmt.Errorf("%w as claimed from %s: %s: %s", ErrNotRecovered, f, s.Verdict, strings.Join(s.Reasons, "; "))
}

// Books is the account of the records; nil where the context names none or they
// are not closed yet.
func (f *Fault) Books() *events.BooksClosed { return f.state().Books }
