package remote

import (
	"cmp"
	"context"
	"strconv"
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

// reportGone says that a fault was seen gone.
func (a *Agent) reportGone(e spec.ExperimentID, step spec.StepID, t ledger.Tombstone, why string) {
	seen := t.At
	if seen.IsZero() {
		seen = wallclock.Now() // its note found no room on the disk
	}
	if h, halted := a.Ledger.Halted(string(e)); halted && why == "" {
		why = h.Why
	}
	a.wait.Go(func() {
		a.send(a.ctx, commands.Envelope{
			ID: ReceiptID(e, step) + "/rolled-back", Experiment: e, At: seen,
			Command: commands.ReportRolledBack{
				Step: step, Cause: cmp.Or(events.Cause(t.Cause), events.AgentRestart), SeenAt: seen, Why: why, Stays: a.stays(t.Receipt),
			},
		})
	})
}

// stays is what a fault leaves, whoever has undone it. What never was a fault
// has no kind.
func (a *Agent) stays(r faults.Receipt) []string {
	d, err := a.Drivers.Of(r.Kind)
	if err != nil {
		return nil
	}
	return faults.Stays(a.ctx, d, r)
}

// reportTombstone reports again what was undone before: whoever asks has not
// heard of it.
func (a *Agent) reportTombstone(e spec.ExperimentID, step spec.StepID, t ledger.Tombstone) {
	a.mu.Lock()
	running := a.ctx != nil && a.ctx.Err() == nil
	a.mu.Unlock()
	if running && a.again(ReceiptID(e, step)+"/rolled-back", time.Now()) {
		a.reportGone(e, step, t, "")
	}
}

// confirm reports from the tombstone of a receipt that somebody else buried.
func (a *Agent) confirm(e spec.ExperimentID, step spec.StepID) {
	t, _, err := a.Ledger.Tombstone(ReceiptID(e, step))
	if err != nil {
		a.Log.Warn("a tombstone cannot be read", "error", err)
	}
	a.reportGone(e, step, t, "")
}

func (a *Agent) reportFailed(q halt.Request, why error) {
	a.Log.Warn("a fault was not injected", "experiment", q.Experiment, "step", q.Step, "error", why)
	a.wait.Go(func() {
		a.send(a.ctx, commands.Envelope{
			ID: ReceiptID(q.Experiment, q.Step) + "/failed", Experiment: q.Experiment, At: wallclock.Now(),
			Command: commands.ReportInjectionFailed{Step: q.Step, Why: why.Error()},
		})
	})
}

// refuse answers a request that is not granted, and has it recorded.
func (a *Agent) refuse(q halt.Request, why error, final bool) halt.Reply {
	a.refused(q.Experiment, "inject "+string(q.Step), q.Owner, why)
	return halt.Reply{State: halt.Refused, Why: why.Error(), Final: final}
}

// refused has a refusal recorded: who asked, for what, and why not.
func (a *Agent) refused(e spec.ExperimentID, what string, from halt.Owner, why error) {
	now := time.Now()
	if !a.again("refused/"+string(e)+"/"+what+"/"+from.Controller, now) {
		return
	}
	a.Log.Warn("refused", "experiment", e, "what", what, "from", from.Controller, "epoch", from.Epoch, "error", why)
	a.mu.Lock()
	running := a.ctx != nil && a.ctx.Err() == nil
	a.mu.Unlock()
	if !running || spec.CheckID(e) != nil {
		return
	}
	a.wait.Go(func() {
		a.send(a.ctx, commands.Envelope{
			ID: string(e) + "/refused/" + a.Instance + "/" + strconv.FormatInt(now.UnixNano(), 36), Experiment: e, At: now.UTC(),
			Command: commands.ReportRefusal{RequestRefused: events.RequestRefused{Agent: a.Name, What: what, From: cmp.Or(from.Controller, "unknown"), Why: why.Error()}},
		})
	})
}

// send tries until the report is stored or ctx ends. After a restart the same
// report follows from the ledger, when the log asks.
func (a *Agent) send(ctx context.Context, c commands.Envelope) {
	c.By = "agent " + a.Name + "@" + a.Host
	for rest := firstRest; ; rest = min(2*rest, longestRest) {
		try, stop := context.WithTimeout(ctx, undoTry)
		err := a.Send(try, c)
		stop()
		if err == nil {
			failpoint.Reach(failpoint.Kept)
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		a.Log.Warn("a report waits", "report", c.ID, "error", err)
		if !pause.For(ctx, rest) {
			return
		}
	}
}
