package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

const (
	undoTry  = 30 * time.Second // of one attempt
	undoRest = 2 * time.Second  // between two
	// stuckAfter is how many attempts fail before somebody is told. They go on.
	stuckAfter = 3
)

// undo is called under a.mu.
func (a *Agent) undo(e spec.ExperimentID, step spec.StepID, cause events.Cause) {
	id := ReceiptID(e, step)
	j := a.job(id)
	if j.undoing {
		return
	}
	j.undoing = true
	if j.cancel != nil {
		j.cancel()
	}
	a.wait.Go(func() {
		j.turn.Lock()
		defer j.turn.Unlock()
		a.takeAway(e, step, cause)
	})
}

func (a *Agent) takeAway(e spec.ExperimentID, step spec.StepID, cause events.Cause) {
	id := ReceiptID(e, step)
	r, live, err := a.find(id)
	if err != nil {
		a.Log.Error("reading the ledger", "receipt", id, "error", err)
	}
	if live {
		if !a.rollBack(a.ctx, r, e, step) {
			return
		}
	} else if err := a.Ledger.Bury(a.ctx, id); err != nil {
		a.Log.Error("forestalling an injection", "receipt", id, "error", err)
	}
	a.reportGone(a.ctx, e, step, cause)
}

func (a *Agent) find(id string) (faults.Receipt, bool, error) {
	live, err := a.Ledger.Live(a.ctx)
	for _, r := range live {
		if r.ID == id {
			return r, true, nil
		}
	}
	return faults.Receipt{}, false, err
}

// rollBack undoes until the fault is seen gone or ctx ends, and says which of
// the two. After a few attempts it reports that it is stuck, and goes on.
func (a *Agent) rollBack(ctx context.Context, r faults.Receipt, e spec.ExperimentID, step spec.StepID) bool {
	for try := 1; ; try++ {
		err := a.attempt(ctx, r)
		if err == nil {
			a.Log.Info("a fault is gone", "receipt", r.ID, "kind", r.Kind, "target", r.Target)
			return true
		}
		a.Log.Warn("undoing a fault", "receipt", r.ID, "attempt", try, "error", err)
		if try == stuckAfter {
			a.send(ctx, commands.Envelope{
				ID: r.ID + "/stuck", Experiment: e, At: time.Now().UTC(),
				Command: commands.ReportStuck{Step: step, Why: err.Error(), Manual: a.Manual(r.ID)},
			})
		}
		if !sleep(ctx, undoRest) {
			return false
		}
	}
}

// attempt rolls back once and buries the receipt.
func (a *Agent) attempt(ctx context.Context, r faults.Receipt) error {
	d, err := a.Drivers.Of(r.Kind)
	if err != nil {
		return fmt.Errorf("undoing %s: %w", r.ID, err)
	}
	try, cancel := context.WithTimeout(ctx, undoTry)
	defer cancel()
	if err := d.Rollback(try, r); err != nil {
		return err
	}
	return a.Ledger.Bury(ctx, r.ID)
}

// undoAll undoes every live receipt, each by itself, and joins what failed.
func (a *Agent) undoAll(ctx context.Context) error {
	live, err := a.Ledger.Live(ctx)
	problems := []error{err}
	for _, r := range live {
		a.Log.Info("undoing what an earlier run left in place", "receipt", r.ID, "kind", r.Kind, "target", r.Target)
		problems = append(problems, a.attempt(ctx, r))
	}
	return errors.Join(problems...)
}

func (a *Agent) reportGone(ctx context.Context, e spec.ExperimentID, step spec.StepID, cause events.Cause) {
	seen := time.Now().UTC()
	a.send(ctx, commands.Envelope{
		ID: ReceiptID(e, step) + "/rolled-back", Experiment: e, At: seen,
		Command: commands.ReportRolledBack{Step: step, Cause: cause, SeenAt: seen},
	})
}

// send tries until the report is stored or ctx ends. After a restart the same
// report follows from state and ledger.
func (a *Agent) send(ctx context.Context, c commands.Envelope) {
	c.By = a.Name
	for {
		err := a.Send(ctx, c)
		if err == nil || ctx.Err() != nil {
			return
		}
		a.Log.Warn("a report waits", "report", c.ID, "error", err)
		if !sleep(ctx, time.Second) {
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
