package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/ledger"
)

var errForestalled = errors.New("it was asked to be undone before it was in place")

// inject is called under a.mu.
func (a *Agent) inject(s experiment.State, st experiment.Step) {
	id := ReceiptID(s.ID, st.ID)
	j := a.job(id)
	if j.injecting || j.undoing {
		return
	}
	j.injecting = true
	ctx, cancel := context.WithCancel(a.ctx)
	j.cancel = cancel
	a.wait.Go(func() {
		defer cancel()
		j.turn.Lock()
		defer j.turn.Unlock()
		a.putInPlace(ctx, s, st)
	})
}

// putInPlace writes the receipt, breaks the target and reports. Whatever goes
// wrong, it undoes.
func (a *Agent) putInPlace(ctx context.Context, s experiment.State, st experiment.Step) {
	id := ReceiptID(s.ID, st.ID)
	if a.Ledger.Buried(id) {
		// An earlier life of this agent undid it and could not say so.
		a.reportGone(a.ctx, s.ID, st.ID, events.AgentRestart)
		return
	}
	r, d, err := a.plan(ctx, s, st)
	if err == nil {
		r.ID, r.Experiment, r.Step = id, string(s.ID), string(st.ID)
		r.Expires = ledger.Boottime() + time.Duration(s.Document.Limits.MaxFaultLife)
		err = a.Ledger.Put(ctx, r)
	}
	if err != nil {
		a.reportFailed(s, st, err)
		return
	}
	err = d.Inject(ctx, r)
	if err == nil && a.Ledger.Buried(id) {
		err = errForestalled
	}
	if err == nil {
		seen := time.Now().UTC()
		a.Log.Info("a fault is in place", "receipt", id, "kind", r.Kind, "target", r.Target)
		a.send(a.ctx, commands.Envelope{
			ID: id + "/injected", Experiment: s.ID, At: seen,
			Command: commands.ReportInjected{Step: st.ID, Receipt: id, SeenAt: seen},
		})
		return
	}
	if undone := a.rollBack(a.ctx, r, s.ID, st.ID); undone && ctx.Err() == nil {
		a.reportFailed(s, st, err)
	}
}

func (a *Agent) plan(ctx context.Context, s experiment.State, st experiment.Step) (faults.Receipt, faults.Driver, error) {
	d, err := a.Drivers.Of(st.Fault.Kind)
	if err != nil {
		return faults.Receipt{}, nil, err
	}
	t, err := a.Target(st.Fault.Target)
	if err != nil {
		return faults.Receipt{}, nil, err
	}
	r, err := d.Plan(ctx, st.Fault, t)
	if err != nil {
		return faults.Receipt{}, nil, fmt.Errorf("planning step %s of experiment %s: %w", st.ID, s.ID, err)
	}
	return r, d, nil
}

func (a *Agent) reportFailed(s experiment.State, st experiment.Step, why error) {
	a.Log.Warn("a fault was not injected", "experiment", s.ID, "step", st.ID, "error", why)
	a.send(a.ctx, commands.Envelope{
		ID: ReceiptID(s.ID, st.ID) + "/failed", Experiment: s.ID, At: time.Now().UTC(),
		Command: commands.ReportInjectionFailed{Step: st.ID, Why: why.Error()},
	})
}
