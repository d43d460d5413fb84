package experiment

import (
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// Accepts says whether a batch follows the state. Kafka has no conditional
// append, so two deciders may both write version 7; the first one in the log
// is accepted, by every reader alike.
func Accepts(s State, b events.Batch) bool { return b.Version == s.Version+1 }

// Evolve folds one batch into the state. A batch that does not follow changes
// nothing. The state given is left as it was.
func Evolve(s State, b events.Batch) State {
	if !Accepts(s, b) {
		return s
	}
	s = s.clone()
	s.ID, s.Version = b.Experiment, b.Version
	s.handled = append(s.handled, b.Cause)
	for _, e := range b.Events {
		s.apply(b, e)
	}
	return s
}

func (s *State) apply(b events.Batch, event events.Event) {
	switch e := event.(type) {
	case events.ExperimentScheduled:
		s.scheduled(b, e)
	case events.ExperimentDenied:
		s.Phase, s.By, s.Reasons, s.Ended = Denied, e.By, e.Reasons, b.At
	case events.CommandRefused, events.RequestRefused:
	case events.BlastRadiusDecided:
		s.Radius = &e
	case events.ApprovalRequested:
		s.ApprovalAsked = true
	case events.ExperimentApproved:
		s.Approved = &e
	case events.BaselineStarted:
		s.Phase, s.Began, s.Opened = Baselining, b.At, e.Books
	case events.BaselineEstablished:
		s.Baseline = e
	case events.FaultInjectionRequested:
		s.Phase = Injecting
		s.Order = append(s.Order, e.Step)
		s.step(e.Step, func(st *Step) { st.Phase = Requested })
	case events.FaultInjected:
		s.injected(e)
	case events.FaultInjectionFailed:
		s.step(e.Step, func(st *Step) { st.Phase, st.Why = Failed, e.Why })
	case events.RollbackTriggered:
		s.Trigger, s.Stopped = &e, e.ReadAt
	case events.RollbackRequested:
		s.undoing(b, e)
	case events.FaultRolledBack:
		s.rolledBack(e)
	case events.RollbackStuck:
		s.Phase = Stuck
		s.step(e.Step, func(st *Step) { st.Phase, st.Why, st.Manual = StuckStep, e.Why, e.Manual })
	case events.ClaimJudged:
		s.judged(e)
	case events.RecoveryMeasured:
		s.Recovery = &e
	case events.BooksClosed:
		s.Books = &e
	case events.Concluded:
		s.concluded(b, e)
	case events.ExperimentKept:
		s.Kept = b.At
	case events.NoteAdded:
		s.Notes = append(s.Notes, e)
	}
}

func (s *State) scheduled(b events.Batch, e events.ExperimentScheduled) {
	s.Phase, s.Document, s.By, s.IKnow, s.Scheduled = Scheduled, e.Document, e.By, e.IKnow, b.At
	s.Claims = map[string]events.ClaimJudged{}
	s.Steps = make([]Step, len(e.Document.Steps))
	for i, st := range e.Document.Steps {
		s.Steps[i] = Step{Step: st}
	}
}

func (s *State) step(id spec.StepID, change func(*Step)) {
	for i := range s.Steps {
		if s.Steps[i].ID == id {
			change(&s.Steps[i])
		}
	}
}

func (s *State) injected(e events.FaultInjected) {
	s.step(e.Step, func(st *Step) { st.Phase, st.Seen, st.Receipt = Present, e.SeenAt, e.Receipt })
	if s.Injected.IsZero() || e.SeenAt.Before(s.Injected) {
		s.Injected = e.SeenAt
	}
	if s.Phase == Injecting && !s.any(Requested) {
		s.Phase = Injected
	}
}

func (s *State) undoing(b events.Batch, e events.RollbackRequested) {
	if e.Cause != events.Planned && s.Stopped.IsZero() {
		s.Stopped = b.At
	}
	s.step(e.Step, func(st *Step) { st.Phase, st.Cause = Undoing, e.Cause })
	s.worsen(e.Cause)
	if !s.any(Waiting, Requested, Present) || e.Cause != events.Planned {
		s.Phase = RollingBack
	}
}

func (s *State) rolledBack(e events.FaultRolledBack) {
	s.step(e.Step, func(st *Step) { st.Phase, st.Gone, st.Cause, st.Why = Gone, e.SeenAt, e.Cause, e.Why })
	s.worsen(e.Cause)
	if e.SeenAt.After(s.RolledBack) {
		s.RolledBack = e.SeenAt
	}
	if s.any(StuckStep) || s.any(Requested, Present, Undoing) {
		return
	}
	if s.Phase == RollingBack || s.Phase == Stuck || s.Cause != events.Planned || !s.any(Waiting) {
		s.Phase = Recovering
	}
}

func (s *State) judged(e events.ClaimJudged) {
	if s.Claims == nil { // whoever writes to the log may begin with anything
		s.Claims = map[string]events.ClaimJudged{}
	}
	s.Claims[claimKey(e.Claim, e.Rule)] = e
}

func (s *State) concluded(b events.Batch, e events.Concluded) {
	s.Phase = Concluded
	if e.Aborted {
		s.Phase = Aborted
	}
	s.Verdict, s.Reasons, s.Ended = e.Verdict, e.Reasons, b.At
}

// worsen keeps the first cause that was not the plan.
func (s *State) worsen(c events.Cause) {
	if s.Cause == "" || s.Cause == events.Planned {
		s.Cause = c
	}
}

func claimKey(c events.Claim, rule string) string { return string(c) + "/" + rule }
