package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/failpoint"
	"github.com/k2-platform/faultline/internal/wallclock"
	"github.com/k2-platform/faultline/spec"
)

// ask does one step's errand once, and returns when to do it again.
func (d *Dispatcher) ask(ctx context.Context, s experiment.State, st experiment.Step, since time.Time) time.Duration {
	ctx, stop := context.WithTimeout(ctx, askWithin)
	defer stop()
	agent, err := d.Roster.For(st.Fault.Target, time.Now())
	switch st.Phase {
	case experiment.Requested:
		return d.askInject(ctx, agent, err, s, st, since)
	case experiment.Undoing:
		return d.askUndo(ctx, agent, err, s, st)
	case experiment.Present, experiment.StuckStep:
		return d.askStatus(ctx, agent, err, s, st)
	case experiment.Waiting, experiment.Gone, experiment.Failed:
	}
	return askAgain
}

func (d *Dispatcher) askInject(ctx context.Context, agent halt.Heard, none error, s experiment.State, st experiment.Step, since time.Time) time.Duration {
	err := none
	if err == nil {
		failpoint.Reach(failpoint.Asking)
		var r halt.Reply
		r, err = d.Agents.Inject(ctx, agent.Name, halt.Request{
			Owner: d.Owner, Experiment: s.ID, Step: st.ID, Fault: st.Fault, MaxLife: s.Document.Limits.MaxFaultLife,
			Lease: spec.Duration(d.Lease), NotAfter: notAfter(agent, time.Now()),
		})
		if err == nil && r.State != halt.Refused {
			return askAgain
		}
		if err == nil {
			err = fmt.Errorf("agent %s refused: %s", agent.Name, r.Why)
			if r.Final {
				d.fail(ctx, s, st, err)
				return askAgain
			}
		}
	}
	if time.Since(since) > giveUp || errors.Is(err, ErrTwoAgents) {
		d.fail(ctx, s, st, err)
		return askAgain
	}
	d.Log.Debug("a fault is not in place yet", "experiment", s.ID, "step", st.ID, "error", err)
	return look
}

// notAfter is the end of a request's life on the agent's own clock: what it
// said last, and what passed since on ours.
func notAfter(agent halt.Heard, now time.Time) halt.Instant {
	return halt.Instant{Boot: agent.Now.Boot, At: agent.Now.At + now.Sub(agent.At) + good}
}

// fail reports for an agent that cannot. A request whose answer was lost may
// have been granted all the same: nobody renews its lease.
func (d *Dispatcher) fail(ctx context.Context, s experiment.State, st experiment.Step, why error) {
	if err := d.Send(ctx, commands.Envelope{
		ID: receiptID(s.ID, st.ID) + "/failed", Experiment: s.ID, At: wallclock.Now(),
		Command: commands.ReportInjectionFailed{Step: st.ID, Why: why.Error()},
	}); err != nil {
		d.Log.Warn("a report waits", "experiment", s.ID, "error", err)
	}
}

func (d *Dispatcher) askUndo(ctx context.Context, agent halt.Heard, none error, s experiment.State, st experiment.Step) time.Duration {
	if agent.Name == "" {
		d.Log.Error("a fault is to be undone, and nobody serves its target", "experiment", s.ID, "step", st.ID, "error", none)
		return askAgain
	}
	why := ""
	if s.Trigger != nil {
		why = s.Trigger.Rule
	}
	if _, err := d.Agents.Undo(ctx, agent.Name, halt.Undo{Owner: d.Owner, Experiment: s.ID, Step: st.ID, Cause: string(st.Cause), Why: why}); err != nil {
		d.Log.Warn("an agent does not answer; its reaper and its lease undo without it", "agent", agent.Name, "experiment", s.ID, "error", err)
		return look
	}
	return askAgain
}

// askStatus asks after a fault that the log believes in place. One that went
// is reported by the agent that asked to know.
func (d *Dispatcher) askStatus(ctx context.Context, agent halt.Heard, none error, s experiment.State, st experiment.Step) time.Duration {
	if none != nil {
		return statusRest
	}
	r, err := d.Agents.Status(ctx, agent.Name, halt.Status{Experiment: s.ID, Step: st.ID})
	if err == nil && r.State == halt.Refused && r.Final && st.Phase == experiment.Present {
		if err := d.Send(ctx, commands.Envelope{
			ID: receiptID(s.ID, st.ID) + "/stuck", Experiment: s.ID, At: wallclock.Now(),
			Command: commands.ReportStuck{Step: st.ID, Why: "agent " + agent.Name + ": " + r.Why, Manual: "look after target " + string(st.Fault.Target) + " by hand"},
		}); err != nil {
			d.Log.Warn("a report waits", "experiment", s.ID, "error", err)
		}
	}
	return statusRest
}
