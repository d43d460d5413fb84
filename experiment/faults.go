package experiment

import (
	"slices"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

func reportInjected(s State, c commands.Envelope, cmd commands.ReportInjected) []events.Event {
	st, ok := s.Step(cmd.Step)
	switch {
	case !ok:
		return refused(s, c, "it has no step "+string(cmd.Step))
	case st.Phase == Requested:
	case st.Phase == Undoing:
		return refused(s, c, "the fault is being rolled back already")
	default:
		return refused(s, c, "step "+string(cmd.Step)+" is "+st.Phase.String()+", not requested")
	}
	out := []events.Event{events.FaultInjected{Step: cmd.Step, Receipt: cmd.Receipt, SeenAt: cmd.SeenAt}}
	next := Evolve(s, events.Batch{Experiment: c.Experiment, Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out})
	return append(out, due(next)...)
}

// reportInjectionFailed ends the run: the other faults go, and what was never
// broken shows nothing.
func reportInjectionFailed(s State, c commands.Envelope, cmd commands.ReportInjectionFailed) []events.Event {
	st, ok := s.Step(cmd.Step)
	if !ok || st.Phase != Requested && st.Phase != Undoing {
		return refused(s, c, "step "+string(cmd.Step)+" was not requested")
	}
	out := []events.Event{events.FaultInjectionFailed{Step: cmd.Step, Why: cmd.Why}}
	next := Evolve(s, events.Batch{Experiment: c.Experiment, Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out})
	out = append(out, rollBackAll(next, events.Failure, "step "+string(cmd.Step)+" failed: "+cmd.Why)...)
	if next.any(Requested, Present, Undoing, StuckStep) {
		return out
	}
	return append(out, events.Concluded{
		Verdict: events.Inconclusive, Aborted: next.Cause == events.Abort || next.Cause == events.Halt,
		Reasons: []string{"presence_unseen: step " + string(cmd.Step) + " was not injected: " + cmd.Why},
	})
}

func endStep(s State, c commands.Envelope, cmd commands.EndStep) []events.Event {
	st, ok := s.Step(cmd.Step)
	if !ok || st.Phase != Present {
		return refused(s, c, "step "+string(cmd.Step)+" has no fault in place")
	}
	if lastOf(s) {
		return rollBackAll(s, events.Planned, "")
	}
	return []events.Event{events.RollbackRequested{Step: cmd.Step, Cause: events.Planned}}
}

// lastOf says that no step is still to come, so that the end of this one is
// the end of all.
func lastOf(s State) bool {
	present := 0
	for _, st := range s.Steps {
		switch st.Phase {
		case Waiting, Requested:
			return false
		case Present:
			if st.For > 0 {
				present++
			}
		case Undoing, Gone, Failed, StuckStep:
		}
	}
	return present <= 1
}

func trigger(s State, c commands.Envelope, cmd commands.Trigger) []events.Event {
	switch {
	case s.Phase == Injecting || s.Phase == Injected:
	case s.Cause == events.Trigger && s.Trigger == nil && !s.Phase.Over():
		// The agents heard of it before the log did, and one of them was quicker.
	default:
		return refused(s, c, "no fault of it is in place")
	}
	return append([]events.Event{cmd.RollbackTriggered}, rollBackAll(s, events.Trigger, cmd.Rule)...)
}

// rollBackAll asks for every fault that may be in place to be undone, last
// in, first out.
func rollBackAll(s State, cause events.Cause, reason string) []events.Event {
	var out []events.Event
	for _, id := range slices.Backward(s.Order) {
		if st, ok := s.Step(id); ok && st.Phase.live() {
			out = append(out, events.RollbackRequested{Step: st.ID, Cause: cause, Reason: reason})
		}
	}
	return out
}

func reportRolledBack(s State, c commands.Envelope, cmd commands.ReportRolledBack) []events.Event {
	st, ok := s.Step(cmd.Step)
	if !ok || !st.Phase.live() && st.Phase != Undoing && st.Phase != StuckStep {
		return refused(s, c, "step "+string(cmd.Step)+" has no fault in place")
	}
	cause := causeOf(st, cmd.Cause)
	gone := events.FaultRolledBack{Step: cmd.Step, Cause: cause, SeenAt: cmd.SeenAt, Why: cmd.Why, Stays: cmd.Stays}
	out := []events.Event{gone}
	next := Evolve(s, events.Batch{Experiment: c.Experiment, Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out})
	if cause != events.Planned {
		out = append(out, rollBackAll(next, cause, "step "+string(cmd.Step)+" was rolled back early")...)
	} else if next.Cause == events.Planned {
		if following := due(next); len(following) > 0 {
			return append(out, following...)
		}
	}
	if next.any(Requested, Present, Undoing, StuckStep) {
		return out
	}
	return append(out, afterGone(next)...)
}

// causeOf is why a fault went. What nobody asked for was not the plan,
// whatever the agent says of it; nor was what the agent found gone when it was
// asked.
func causeOf(st Step, reported events.Cause) events.Cause {
	switch {
	case st.Phase == Undoing && st.Cause == events.Planned && reported == events.Failure:
		return reported
	case st.Phase == Undoing:
		return st.Cause
	case st.Phase == StuckStep && st.Cause != "":
		return st.Cause
	case reported == events.Planned || reported == "":
		return events.Failure
	}
	return reported
}

// afterGone ends at once what shows nothing more: an abort, a halt, a run that was
// stuck, or one whose fault was never in place.
func afterGone(s State) []events.Event {
	wasStuck := slices.ContainsFunc(s.Steps, func(st Step) bool { return st.Manual != "" })
	stopped := s.Cause == events.Abort || s.Cause == events.Halt
	if !stopped && !wasStuck && !s.Injected.IsZero() {
		return nil
	}
	reason := string(s.Cause) + ": the fault was seen gone"
	if wasStuck {
		reason = "stuck: the fault had to be removed by hand and is seen gone now"
	}
	return []events.Event{events.Concluded{Verdict: events.Inconclusive, Aborted: stopped, Reasons: []string{reason}}}
}

func reportStuck(s State, c commands.Envelope, cmd commands.ReportStuck) []events.Event {
	st, ok := s.Step(cmd.Step)
	if !ok || !st.Phase.live() && st.Phase != Undoing {
		return refused(s, c, "step "+string(cmd.Step)+" has no fault in place")
	}
	out := []events.Event{events.RollbackStuck{Step: cmd.Step, Why: cmd.Why, Manual: cmd.Manual}}
	next := Evolve(s, events.Batch{Experiment: c.Experiment, Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out})
	return append(out, rollBackAll(next, events.Failure, "step "+string(cmd.Step)+" is stuck")...)
}

// Requests lists the steps whose faults the agent is to put in place now.
func (s State) Requests() []spec.StepID { return s.in(Requested) }

// Undoings lists the steps whose faults the agent is to undo now, last in,
// first out.
func (s State) Undoings() []spec.StepID { return s.in(Undoing) }

func (s State) in(p StepPhase) []spec.StepID {
	var out []spec.StepID
	for _, id := range slices.Backward(s.Order) {
		if st, ok := s.Step(id); ok && st.Phase == p {
			out = append(out, id)
		}
	}
	return out
}
