package experiment

import (
	"cmp"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
)

func judgeClaim(s State, c commands.Envelope, cmd commands.JudgeClaim) []events.Event {
	if s.Phase == Absent || s.Phase.Over() || s.Injected.IsZero() {
		return refused(s, c, "a claim is judged while or after a fault is in place")
	}
	if old, ok := s.Claims[claimKey(cmd.Claim, cmd.Rule)]; ok && old.Answer == cmd.Answer {
		return refused(s, c, "this claim was answered so already")
	}
	return []events.Event{cmd.ClaimJudged}
}

func reportRecovery(s State, c commands.Envelope, cmd commands.ReportRecovery) []events.Event {
	if s.Phase != Recovering || s.Recovery != nil {
		return refused(s, c, "recovery is measured once, after rollback")
	}
	out := []events.Event{cmd.RecoveryMeasured}
	next := Evolve(s, events.Batch{Experiment: c.Experiment, Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out})
	return append(out, conclude(next)...)
}

func closeBooks(s State, c commands.Envelope, cmd commands.CloseBooks) []events.Event {
	if s.Phase != Recovering || s.Books != nil {
		return refused(s, c, "books are closed once, after rollback")
	}
	out := []events.Event{cmd.BooksClosed}
	next := Evolve(s, events.Batch{Experiment: c.Experiment, Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out})
	return append(out, conclude(next)...)
}

// conclude ends the experiment once recovery is measured and, where records
// are counted, the books are closed.
func conclude(s State) []events.Event {
	if s.Recovery == nil || s.Document.Hypothesis.Tolerates != nil && s.Books == nil {
		return nil
	}
	verdict, reasons := Judge(s)
	return []events.Event{events.Concluded{Verdict: verdict, Reasons: reasons}}
}

// Judge derives the verdict from what the log says. A rollback trigger
// refutes; a fault or an impact that was not seen, and an end that was not
// planned, leave the hypothesis untested; then a violated claim refutes and
// an unknown one leaves it open.
func Judge(s State) (events.Verdict, []string) {
	if s.Trigger != nil {
		return events.Refuted, []string{fmt.Sprintf("rollback_trigger: %s was %s", s.Trigger.Rule, fired(s.Trigger.Answer))}
	}
	if why := undoneByTrigger(s); why != "" {
		return events.Refuted, []string{"rollback_trigger: " + why}
	}
	if why := untested(s); why != "" {
		return events.Inconclusive, []string{why}
	}
	violated, unknown := claims(s)
	switch {
	case len(violated) > 0:
		return events.Refuted, violated
	case len(unknown) > 0:
		return events.Inconclusive, unknown
	}
	return events.Upheld, []string{"every claim of the hypothesis holds"}
}

// undoneByTrigger is what the agents were told of a trigger that never reached
// the log itself.
func undoneByTrigger(s State) string {
	for _, st := range s.Steps {
		if st.Phase == Gone && st.Cause == events.Trigger {
			return cmp.Or(st.Why, "an agent undid the fault for it")
		}
	}
	return ""
}

func fired(a events.Answer) string {
	if a == events.Holds {
		return "true"
	}
	return "unknown for longer than its grace"
}

func untested(s State) string {
	for _, st := range s.Steps {
		if st.Seen.IsZero() {
			return fmt.Sprintf("presence_unseen: the fault of step %s was never seen on its target", st.ID)
		}
	}
	if s.Cause != events.Planned {
		return fmt.Sprintf("%s: the fault went before its planned end", s.Cause)
	}
	for _, st := range s.Steps {
		if life := st.Gone.Sub(st.Seen); st.wentEarly() {
			return fmt.Sprintf("gone_early: the fault of step %s was there for %s of %s", st.ID, life.Round(time.Millisecond), st.For)
		}
	}
	impact := s.Document.Impact
	if impact == nil || impact.Optional {
		return ""
	}
	if s.Claims[claimKey(events.ClaimImpact, impact.Rule)].Answer != events.Holds {
		return fmt.Sprintf("no_effect: the expected impact %q was not seen", impact.Rule)
	}
	return ""
}

// early is what a fault may lack of its time: a tick at either end.
const early = 2 * time.Second

// wentEarly says that a fault was there for less than its time, by its agent's
// own clock, though its end was asked for in time: a lease may have lapsed
// before, and the word of it come later. A clock that was set back says nothing.
func (st Step) wentEarly() bool {
	life, planned := st.Gone.Sub(st.Seen), time.Duration(st.For)
	return !st.Gone.IsZero() && life >= 0 && life < planned-early
}

func claims(s State) (violated, unknown []string) {
	add := func(a events.Answer, text string) {
		switch a {
		case events.Violated:
			violated = append(violated, text)
		case events.Unknown:
			unknown = append(unknown, text+" (unknown)")
		case events.Holds:
		}
	}
	for _, r := range s.Document.Hypothesis.Maintains {
		add(s.Claims[claimKey(events.ClaimMaintains, r.Expr)].Answer, "not_maintained: "+r.Label())
	}
	add(recovered(s))
	for _, l := range losses(s) {
		add(l.answer, l.text)
	}
	return violated, unknown
}

func recovered(s State) (events.Answer, string) {
	limit := s.Document.Hypothesis.RecoversWithin
	switch {
	case s.Recovery == nil:
		return events.Unknown, "not_recovered: recovery was not measured"
	case !s.Recovery.Recovered || s.Recovery.FromRollback == nil:
		return events.Violated, "not_recovered: " + s.Recovery.Why
	case *s.Recovery.FromRollback > limit && s.Recovery.Why != "":
		return events.Unknown, "recovery_unseen: " + s.Recovery.Why
	case *s.Recovery.FromRollback > limit:
		return events.Violated, fmt.Sprintf("recovery_too_slow: %s after rollback, claimed were %s", s.Recovery.FromRollback, limit)
	}
	return events.Holds, ""
}

type loss struct {
	answer events.Answer
	text   string
}

func losses(s State) []loss {
	allowed := s.Document.Hypothesis.Tolerates
	if allowed == nil {
		return nil
	}
	if s.Books == nil {
		return []loss{{events.Unknown, "books_open: the books were not closed"}}
	}
	checks := checked(*s.Books, *allowed)
	if !s.Books.Balanced { // no count can be trusted; what a check has seen it has seen
		return append([]loss{{events.Unknown, "books_open: " + cmp.Or(s.Books.Why, "they do not say why")}}, checks...)
	}
	var out []loss
	if s.Books.LossFraction > allowed.Fraction {
		out = append(out, loss{events.Violated, fmt.Sprintf("loss_fraction: %.4f of the records are missing, tolerated were %g", s.Books.LossFraction, allowed.Fraction)})
	}
	if s.Books.LostAcked > allowed.Acked {
		out = append(out, loss{events.Violated, fmt.Sprintf("lost_acked: %d acknowledged records are missing, tolerated were %d", s.Books.LostAcked, allowed.Acked)})
	}
	if s.Books.StoredTwice > 0 {
		out = append(out, loss{events.Violated, fmt.Sprintf("stored_twice: %d records stand twice in the table", s.Books.StoredTwice)})
	}
	if s.Books.Altered > allowed.Altered {
		out = append(out, loss{events.Violated, fmt.Sprintf("altered: %d records are stored otherwise than they were sent, tolerated were %d", s.Books.Altered, allowed.Altered)})
	}
	if n := allowed.FalseRejects; n != nil && s.Books.FalseRejects > *n {
		out = append(out, loss{events.Violated, fmt.Sprintf("false_rejects: %d records that no fault touched are dead letters, tolerated were %d", s.Books.FalseRejects, *n)})
	}
	out = append(out, checks...)
	return append(out, ledger(*s.Books, *allowed)...)
}
