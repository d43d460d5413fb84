package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/failpoint"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/wallclock"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

const (
	undoTry     = 30 * time.Second // of one attempt
	firstRest   = 250 * time.Millisecond
	longestRest = 5 * time.Second // between two attempts
	// stuckAfter is how many attempts fail before somebody is told. They go on.
	stuckAfter = 3
)

// cause is why a fault is undone.
type cause struct {
	what events.Cause
	why  string
}

// Undo implements halt.Agent. What was undone before is reported again.
func (a *Agent) Undo(q halt.Undo) halt.Reply {
	if t, buried, err := a.Ledger.Tombstone(ReceiptID(q.Experiment, q.Step)); buried || err != nil {
		a.reportTombstone(q.Experiment, q.Step, t)
		return halt.Reply{State: halt.Gone}
	}
	a.mu.Lock()
	err := a.admit(q.Experiment, q.Owner)
	if err == nil && a.ctx == nil {
		err = errNotReady
	}
	if err != nil {
		a.mu.Unlock()
		a.refused(q.Experiment, "undo "+string(q.Step), q.Owner, err)
		return halt.Reply{State: halt.Refused, Why: err.Error(), Final: errors.Is(err, errStale)}
	}
	defer a.mu.Unlock()
	a.undo(q.Experiment, q.Step, cause{events.Cause(q.Cause), q.Why})
	return halt.Reply{State: halt.Working}
}

// Status implements halt.Agent.
func (a *Agent) Status(q halt.Status) halt.Reply {
	id := ReceiptID(q.Experiment, q.Step)
	if t, buried, err := a.Ledger.Tombstone(id); buried || err != nil {
		a.reportTombstone(q.Experiment, q.Step, t)
		return halt.Reply{State: halt.Gone}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx == nil {
		return halt.Reply{State: halt.Refused, Why: errNotReady.Error()}
	}
	if j, ok := a.jobs[id]; ok {
		return halt.Reply{State: j.state}
	}
	return halt.Reply{State: halt.Refused, Final: true, Why: "this agent has neither receipt nor tombstone of it"}
}

// undo is called under a.mu. It returns what is closed once the fault is gone.
func (a *Agent) undo(e spec.ExperimentID, step spec.StepID, why cause) *job {
	j := a.job(e, step)
	if j.undoing || j.state == halt.Gone {
		return j
	}
	j.undoing = true
	if j.cancel != nil {
		j.cancel()
	}
	if j.state == halt.Unanswered {
		j.state = halt.Working
	}
	a.wait.Go(func() {
		j.turn.Lock()
		defer j.turn.Unlock()
		a.takeAway(j, why)
	})
	return j
}

// takeAway undoes what is there, or bars what might still come.
func (a *Agent) takeAway(j *job, why cause) {
	id := ReceiptID(j.experiment, j.step)
	failpoint.Reach(failpoint.UndoAsked)
	err := a.Ledger.Forestall(a.ctx, id, string(why.what), a.Name)
	var t ledger.Tombstone
	switch {
	case errors.Is(err, ledger.ErrLive):
		var undone bool
		why = j.truly(why)
		if t, undone = a.rollBack(a.ctx, j, why); !undone {
			return
		}
	case err != nil:
		a.Log.Error("forestalling an injection", "receipt", id, "error", err)
		fallthrough
	default:
		t = ledger.Tombstone{Receipt: faults.Receipt{ID: id}, Cause: string(why.what), By: a.Name, At: wallclock.Now()}
		a.settle(j, halt.Gone)
	}
	failpoint.Reach(failpoint.Buried)
	a.reportGone(j.experiment, j.step, t, why.why)
}

// rollBack undoes until the fault is seen gone or ctx ends, and says which of
// the two. After a few attempts it reports that it is stuck, and goes on.
func (a *Agent) rollBack(ctx context.Context, j *job, why cause) (ledger.Tombstone, bool) {
	id, rest := ReceiptID(j.experiment, j.step), firstRest
	for try := 1; ; try++ {
		t, err := a.attempt(ctx, id, why)
		if err == nil {
			a.Log.Info("a fault is gone", "receipt", id, "kind", t.Receipt.Kind, "target", t.Receipt.Target, "cause", t.Cause, "by", t.By)
			a.settle(j, halt.Gone)
			return t, true
		}
		a.mu.Lock()
		j.problem = err
		a.mu.Unlock()
		a.Log.Warn("undoing a fault", "receipt", id, "attempt", try, "error", err)
		if try == stuckAfter {
			a.reportStuck(j, err)
		}
		if !pause.For(ctx, rest) {
			return t, false
		}
		rest = min(2*rest, longestRest)
	}
}

// attempt rolls back once and buries the receipt. Where somebody else was
// quicker, the reaper say, what that one left counts.
func (a *Agent) attempt(ctx context.Context, id string, why cause) (ledger.Tombstone, error) {
	try, cancel := context.WithTimeout(ctx, undoTry)
	defer cancel()
	return a.Ledger.Undo(try, id, string(why.what), a.Name, func(ctx context.Context, r faults.Receipt) error {
		d, err := a.Drivers.Of(r.Kind)
		if err != nil {
			return fmt.Errorf("undoing %s: %w", r.ID, err)
		}
		if err := d.Rollback(ctx, r); err != nil {
			return err
		}
		failpoint.Reach(failpoint.Undone)
		return nil
	})
}

// undoAll undoes every live receipt, all at once, and joins what failed.
func (a *Agent) undoAll(ctx context.Context) error {
	live, err := a.Ledger.Live(ctx)
	problems := make(chan error, len(live))
	for _, r := range live {
		a.Log.Info("undoing what is in place", "receipt", r.ID, "kind", r.Kind, "target", r.Target)
		go func() {
			_, err := a.attempt(ctx, r.ID, cause{what: events.AgentRestart})
			problems <- err
		}()
	}
	for range live {
		err = errors.Join(err, <-problems)
	}
	return err
}

func (a *Agent) reportStuck(j *job, err error) {
	id := ReceiptID(j.experiment, j.step)
	a.Log.Error("A FAULT IS STUCK", "receipt", id, "error", err, "by_hand", a.Manual(id))
	a.wait.Go(func() {
		a.send(a.ctx, commands.Envelope{
			ID: id + "/stuck", Experiment: j.experiment, At: wallclock.Now(),
			Command: commands.ReportStuck{Step: j.step, Why: err.Error(), Manual: a.Manual(id)},
		})
	})
}
