package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// haltBudget is what one fault may take before the answer goes out. Its
// undoing goes on.
const haltBudget = 10 * time.Second

// Halt implements halt.Agent: it undoes all at once what is there, each within
// its own budget, bars what is to come, and says what came of it. Whatever its
// age, an order is obeyed. Nothing waits for the disk but what comes while the
// halt is written: that is undone after.
func (a *Agent) Halt(ctx context.Context, o halt.Order) halt.Answer {
	answer := halt.Answer{Agent: a.Name, Instance: a.Instance}
	a.Log.Warn("halted", "order", o.ID, "experiment", o.Experiment, "cause", o.Cause, "by", o.By, "why", o.Why)
	jobs := a.halted(o, nil, nil)
	if err := a.Ledger.Halt(ctx, ledger.Halt{ID: o.ID, Experiment: string(o.Experiment), By: o.By, Why: o.Why, At: o.At}); err != nil {
		answer.Failed = append(answer.Failed, fmt.Sprintf("the halt itself is not on disk: %v", err))
	}
	live, err := a.Ledger.Live(ctx)
	if err != nil {
		answer.Failed = append(answer.Failed, err.Error())
	}
	for _, j := range a.halted(o, live, jobs) {
		if err := a.await(ctx, j); err != nil {
			answer.Failed = append(answer.Failed, fmt.Sprintf("%s: %v; by hand: %s", ReceiptID(j.experiment, j.step), err, a.Manual(ReceiptID(j.experiment, j.step))))
			continue
		}
		answer.Undone++
	}
	if latch, ok := a.Ledger.Latched(); ok {
		answer.Latched = latch.ID
	}
	return answer
}

// halted begins to undo all that an order names: what is live, and what is on
// its way there. It adds them to those that were begun.
func (a *Agent) halted(o halt.Order, live []faults.Receipt, begun []*job) []*job {
	why := cause{what: events.Cause(o.Cause), why: o.Why}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx == nil {
		return nil
	}
	begin := func(e spec.ExperimentID, step spec.StepID) {
		if !o.All() && o.Experiment != e {
			return
		}
		if j := a.undo(e, step, why); !slices.Contains(begun, j) {
			begun = append(begun, j)
		}
	}
	for _, r := range live {
		begin(spec.ExperimentID(r.Experiment), spec.StepID(r.Step))
	}
	for _, j := range a.jobs {
		if j.state != halt.Gone {
			begin(j.experiment, j.step)
		}
	}
	return begun
}

// await waits for a fault to be gone, as long as its budget lets it.
func (a *Agent) await(ctx context.Context, j *job) error {
	ctx, stop := context.WithTimeout(ctx, haltBudget)
	defer stop()
	select {
	case <-j.gone:
		return nil
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(fmt.Errorf("not seen gone within %s", haltBudget), j.problem)
}

// Resume implements halt.Agent.
func (a *Agent) Resume(ctx context.Context, r halt.Resume) halt.Answer {
	answer := halt.Answer{Agent: a.Name, Instance: a.Instance}
	err := a.Ledger.Resume(ctx, r.Order)
	if _, there := a.haltFile(); there {
		err = errors.Join(err, fmt.Errorf("the file %s is still there; remove it first", a.HaltFile))
	}
	switch {
	case err == nil:
		a.Log.Warn("resumed", "order", r.Order, "by", r.By)
	case errors.Is(err, ledger.ErrNotLatched):
		a.refused("all", "resume from "+r.Order, halt.Owner{Controller: r.By}, err)
	default:
		answer.Failed = append(answer.Failed, err.Error())
		a.refused("all", "resume from "+r.Order, halt.Owner{Controller: r.By}, err)
	}
	if latch, ok := a.Ledger.Latched(); ok {
		answer.Latched = latch.ID
	}
	return answer
}
