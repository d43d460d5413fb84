package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/failpoint"
	"github.com/k2-platform/faultline/internal/wallclock"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

var (
	errNoReaper = errors.New("no reaper watches this agent: nothing is injected until there is one")
	errNotReady = errors.New("the agent is starting or ending")
	errLate     = errors.New("the request is too late, or of another boot")
)

// Inject implements halt.Agent. The same request again gives the state that it
// has led to.
func (a *Agent) Inject(q halt.Request) halt.Reply {
	id := ReceiptID(q.Experiment, q.Step)
	if t, buried, err := a.Ledger.Tombstone(id); buried || err != nil {
		a.reportTombstone(q.Experiment, q.Step, t)
		return halt.Reply{State: halt.Gone}
	}
	a.mu.Lock()
	j, known := a.jobs[id]
	if err := a.admit(q.Experiment, q.Owner); err != nil {
		a.mu.Unlock()
		return a.refuse(q, err, true)
	}
	if known {
		defer a.mu.Unlock()
		return halt.Reply{State: j.state}
	}
	final, err := a.bars(q)
	if err != nil {
		a.mu.Unlock()
		return a.refuse(q, err, final)
	}
	defer a.mu.Unlock()
	a.begin(q)
	j = a.job(q.Experiment, q.Step)
	a.reaper.Beat(true) // before there is a receipt
	j.state = halt.Working
	ctx, cancel := context.WithCancel(a.ctx)
	j.cancel = cancel
	a.wait.Go(func() {
		defer cancel()
		j.turn.Lock()
		defer j.turn.Unlock()
		a.putInPlace(ctx, j, q)
	})
	return halt.Reply{State: halt.Working}
}

// bars is called under a.mu: what speaks against an injection, and whether
// that will change.
func (a *Agent) bars(q halt.Request) (final bool, err error) {
	switch {
	case a.ctx == nil || a.ctx.Err() != nil:
		return false, errNotReady
	case q.Controller == "" || q.Epoch == 0 || q.Step == "" || spec.CheckID(q.Experiment) != nil:
		return true, errors.New("the request names no owner, experiment or step")
	case q.MaxLife <= 0:
		return true, errors.New("the request has no life-time")
	case q.NotAfter.Boot != a.boot || ledger.Boottime() > q.NotAfter.At:
		return false, errLate
	}
	if err := checkLease(q.Lease); err != nil {
		return true, err
	}
	if h, halted := a.Ledger.Halted(string(q.Experiment)); halted {
		return true, barredBy(h)
	}
	if h, there := a.haltFile(); there {
		return true, barredBy(h) // it is put on record by the next look
	}
	if a.reaper == nil || !a.reaper.Watches() {
		return false, errNoReaper
	}
	return false, nil
}

func barredBy(h ledger.Halt) error {
	return fmt.Errorf("halted by %s: %s (halt %s)", h.By, h.Why, h.ID)
}

// putInPlace writes the receipt, breaks the target and reports. Whatever goes
// wrong, it undoes.
func (a *Agent) putInPlace(ctx context.Context, j *job, q halt.Request) {
	id := ReceiptID(q.Experiment, q.Step)
	failpoint.Reach(failpoint.Asked)
	r, d, err := a.plan(ctx, q)
	if err == nil {
		r.ID, r.Experiment, r.Step = id, string(q.Experiment), string(q.Step)
		r.Expires = ledger.Boottime() + time.Duration(q.MaxLife)
		err = a.Ledger.Put(ctx, r)
	}
	if err != nil {
		a.settle(j, halt.Gone)
		if errors.Is(err, ledger.ErrBuried) {
			a.confirm(q.Experiment, q.Step)
			return
		}
		a.reportFailed(q, err)
		return
	}
	failpoint.Reach(failpoint.ReceiptStands)
	if err = a.Ledger.Inject(ctx, d, r); err == nil {
		failpoint.Reach(failpoint.SeenThere)
		seen := wallclock.Now()
		a.settle(j, halt.There)
		a.Log.Info("a fault is in place", "receipt", id, "kind", r.Kind, "target", r.Target)
		if k, ok := d.(faults.Keeper); ok {
			j.vanished = func() bool { return a.vanished(d, r, k.KeepEvery()) }
			a.wait.Go(func() { a.keep(j, k, r) })
		}
		a.wait.Go(func() {
			a.send(a.ctx, commands.Envelope{
				ID: id + "/injected", Experiment: q.Experiment, At: seen,
				Command: commands.ReportInjected{Step: q.Step, Receipt: id, SeenAt: seen},
			})
		})
		return
	}
	if errors.Is(err, ledger.ErrBuried) {
		a.settle(j, halt.Gone)
		a.confirm(q.Experiment, q.Step)
		return
	}
	overtaken := ctx.Err() != nil
	if t, undone := a.rollBack(a.ctx, j, cause{what: events.Failure, why: err.Error()}); undone && !overtaken {
		if left := a.stays(t.Receipt); len(left) > 0 {
			err = fmt.Errorf("%w; stays: %s", err, strings.Join(left, "; "))
		}
		a.reportFailed(q, err)
	}
}

func (a *Agent) plan(ctx context.Context, q halt.Request) (faults.Receipt, faults.Driver, error) {
	d, err := a.Drivers.Of(q.Fault.Kind)
	if err != nil {
		return faults.Receipt{}, nil, err
	}
	t, err := a.Target(q.Fault.Target)
	if err != nil {
		return faults.Receipt{}, nil, err
	}
	r, err := d.Plan(ctx, q.Fault, t)
	if err != nil {
		return faults.Receipt{}, nil, fmt.Errorf("planning step %s of experiment %s: %w", q.Step, q.Experiment, err)
	}
	return r, d, nil
}

// settle notes where a job stands.
func (a *Agent) settle(j *job, s halt.State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s == halt.Gone && j.state != halt.Gone {
		close(j.gone)
	}
	j.state = s
}
