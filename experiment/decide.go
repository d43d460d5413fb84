package experiment

import (
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
)

// maxBrokenWindows is the share of baseline windows that may break their own
// steady state; above it nothing is injected.
const maxBrokenWindows = 0.01

// errNoCommand is a mistake of the caller, not of a user.
var errNoCommand = errors.New("deciding: the envelope holds no command")

// Decide answers a command with the events it causes. The same arguments
// always give the same answer; a command that was handled already gives none.
// Refusals are events too: the error is for an envelope without a command.
func Decide(s State, c commands.Envelope) ([]events.Event, error) {
	if s.Handled(c.ID) {
		return nil, nil
	}
	switch cmd := c.Command.(type) {
	case commands.Schedule:
		return schedule(s, c, cmd), nil
	case commands.Approve:
		return approve(s, c, cmd), nil
	case commands.Abort:
		return stop(s, c, events.Abort, cmd.Reason), nil
	case commands.Halt:
		return stop(s, c, events.Halt, cmd.Why), nil
	case commands.Keep:
		return keep(s, c), nil
	case commands.Note:
		return note(s, c, cmd), nil
	case commands.Deny:
		return deny(s, c, cmd), nil
	case commands.RequestApproval:
		return requestApproval(s, c, cmd), nil
	case commands.BeginBaseline:
		return beginBaseline(s, c, cmd), nil
	case commands.CompleteBaseline:
		return completeBaseline(s, c, cmd), nil
	case commands.ReportInjected:
		return reportInjected(s, c, cmd), nil
	case commands.ReportInjectionFailed:
		return reportInjectionFailed(s, c, cmd), nil
	case commands.EndStep:
		return endStep(s, c, cmd), nil
	case commands.Trigger:
		return trigger(s, c, cmd), nil
	case commands.ReportRolledBack:
		return reportRolledBack(s, c, cmd), nil
	case commands.ReportStuck:
		return reportStuck(s, c, cmd), nil
	case commands.ReportRefusal:
		return []events.Event{cmd.RequestRefused}, nil
	case commands.JudgeClaim:
		return judgeClaim(s, c, cmd), nil
	case commands.ReportRecovery:
		return reportRecovery(s, c, cmd), nil
	case commands.CloseBooks:
		return closeBooks(s, c, cmd), nil
	}
	return nil, errNoCommand
}

func refused(s State, c commands.Envelope, why string) []events.Event {
	return []events.Event{events.CommandRefused{
		Command: c.ID, Type: commands.TypeOf(c.Command), By: c.By,
		Why: fmt.Sprintf("experiment %s is %s: %s", c.Experiment, s.Phase, why),
	}}
}

func schedule(s State, c commands.Envelope, cmd commands.Schedule) []events.Event {
	if s.Phase != Absent {
		return refused(s, c, "an id is used once; choose another")
	}
	return []events.Event{events.ExperimentScheduled{Document: cmd.Document.WithDefaults(), By: c.By, IKnow: cmd.IKnow}}
}

func keep(s State, c commands.Envelope) []events.Event {
	switch {
	case s.Phase == Absent:
		return refused(s, c, "there is nothing to keep; see faultline list")
	case s.Phase.Over():
		return refused(s, c, "it is over")
	case s.Document.Limits.PublisherLease == 0:
		return refused(s, c, "its document names no publisher_lease; it needs no keeping")
	}
	return []events.Event{events.ExperimentKept{By: c.By}}
}

func note(s State, c commands.Envelope, cmd commands.Note) []events.Event {
	switch {
	case s.Phase == Absent:
		return refused(s, c, "a note needs an experiment; see faultline list")
	case cmd.Text == "":
		return refused(s, c, "a note needs a text")
	case cmd.Kind != events.Finding && cmd.Kind != events.Improvement:
		return refused(s, c, fmt.Sprintf("kind %q is not known; write finding or improvement", cmd.Kind))
	case cmd.Event > s.Version:
		return refused(s, c, fmt.Sprintf("there is no event %d; the last one is %d", cmd.Event, s.Version))
	}
	return []events.Event{events.NoteAdded{Kind: cmd.Kind, Text: cmd.Text, By: c.By, Event: cmd.Event, Column: cmd.Column}}
}

// stop ends an experiment early: by an abort, which the log decides, or by a
// halt, which agents have heard of before.
func stop(s State, c commands.Envelope, cause events.Cause, reason string) []events.Event {
	switch s.Phase {
	case Absent:
		return refused(s, c, "there is nothing to stop; see faultline list")
	case Concluded, Denied, Aborted:
		return refused(s, c, "it is over")
	case Scheduled, Baselining:
		return []events.Event{stopped(cause, "before injection", reason)}
	case Injecting, Injected, RollingBack, Recovering, Stuck:
	}
	out := rollBackAll(s, cause, reason)
	if len(out) == 0 && !s.any(Undoing, StuckStep) {
		return []events.Event{stopped(cause, "after rollback", reason)}
	}
	if len(out) == 0 {
		return refused(s, c, "its faults are being rolled back already")
	}
	return out
}

func stopped(cause events.Cause, when, reason string) events.Event {
	word := "aborted"
	if cause == events.Halt {
		word = "halted"
	}
	return events.Concluded{Verdict: events.Inconclusive, Aborted: true, Reasons: []string{word + " " + when + ": " + reason}}
}
