// Package report puts experiments into words: lines for people, JSON for
// programs. It reads no log and keeps no time.
package report

import (
	"fmt"
	"time"

	"github.com/k2-platform/faultline/events"
)

// Line says what happened, in one line. It is empty for what no reader of a
// timeline misses.
func Line(e events.Event) string {
	switch e := e.(type) {
	case events.ExperimentScheduled:
		return fmt.Sprintf("scheduled by %s: %s", e.By, e.Document.Title)
	case events.ExperimentDenied:
		return fmt.Sprintf("denied by %s: %s", e.By, join(e.Reasons))
	case events.CommandRefused:
		return fmt.Sprintf("refused %s of %s: %s", shortType(e.Type), e.By, e.Why)
	case events.RequestRefused:
		return fmt.Sprintf("%s refused to %s for %s: %s", e.Agent, e.What, e.From, e.Why)
	case events.BaselineStarted:
		if e.Books != nil {
			return fmt.Sprintf("baseline begun; books opened at record %d%s", e.Books.Taken, untagged(*e.Books))
		}
		return "baseline begun"
	case events.BaselineEstablished:
		return fmt.Sprintf("baseline established: %d windows, %d of them broke the steady state", e.Windows, e.Broken)
	case events.FaultInjectionRequested:
		return fmt.Sprintf("step %s: %s on %s requested, undone after %s at the latest", e.Step, e.Fault.Kind, e.Fault.Target, e.MaxLife)
	case events.FaultInjected:
		return fmt.Sprintf("step %s: fault seen on its target", e.Step)
	case events.FaultInjectionFailed:
		return fmt.Sprintf("step %s: not injected: %s", e.Step, e.Why)
	case events.RollbackTriggered:
		return fmt.Sprintf("rollback trigger: %s was %s (%s)", e.Rule, e.Answer, values(e.Values))
	case events.RollbackRequested:
		return fmt.Sprintf("step %s: rollback requested: %s%s", e.Step, e.Cause, after(": ", e.Reason))
	case events.FaultRolledBack:
		return fmt.Sprintf("step %s: fault seen gone (%s%s)%s", e.Step, e.Cause, after(": ", e.Why), after("; stays: ", join(e.Stays)))
	case events.RollbackStuck:
		return fmt.Sprintf("step %s: STUCK: %s; by hand: %s", e.Step, e.Why, e.Manual)
	case events.ClaimJudged:
		return fmt.Sprintf("%s %s: %s%s", claim(e.Claim), e.Answer, e.Rule, after("; ", e.Detail))
	case events.RecoveryMeasured:
		return recovery(e)
	case events.BooksClosed:
		return books(e)
	case events.Concluded:
		return fmt.Sprintf("%s: %s", e.Verdict, join(e.Reasons))
	case events.BlastRadiusDecided:
		return radius(e)
	case events.ApprovalRequested:
		return "waits for the approval of a second person: " + join(e.Reasons)
	case events.ExperimentApproved:
		return fmt.Sprintf("approved by %s%s", e.By, after(": ", e.Reason))
	case events.ExperimentKept:
		return "kept by " + e.By
	case events.NoteAdded:
		return fmt.Sprintf("%s by %s: %s", e.Kind, e.By, e.Text)
	}
	return ""
}

func claim(c events.Claim) string {
	switch c {
	case events.ClaimImpact:
		return "expected impact"
	case events.ClaimMaintains:
		return "maintained"
	case events.ClaimRecovery:
		return "recovery"
	}
	return string(c)
}

func recovery(e events.RecoveryMeasured) string {
	if !e.Recovered || e.FromRollback == nil || e.FromInjection == nil {
		return "not recovered: " + e.Why
	}
	return fmt.Sprintf("recovered %s after rollback, %s after injection", seconds(time.Duration(*e.FromRollback)), seconds(time.Duration(*e.FromInjection)))
}

func books(e events.BooksClosed) string {
	if !e.Balanced {
		return "books left open: " + e.Why + untagged(e.To)
	}
	shed := ""
	if e.Shed > 0 {
		shed = fmt.Sprintf("%d shed + ", e.Shed)
	}
	text := fmt.Sprintf("books closed: %d taken = %d stored + %d dead-lettered + %s%d lost (%d at a full buffer, %d acknowledged); %d stored twice",
		e.Taken, e.Stored, e.DeadLettered, shed, e.Lost, e.Dropped, e.LostAcked, e.StoredTwice)
	if e.Changed > 0 || e.Altered > 0 {
		text += fmt.Sprintf("; of %d changed on their way %d were rejected, and %d others; %d are stored otherwise than sent",
			e.Changed, e.Detected, e.FalseRejects, e.Altered)
	}
	return text + untagged(e.To)
}

// untagged tells of a snapshot that may not stay readable.
func untagged(m events.BookMark) string {
	return after("; its snapshot has no tag and may expire: ", m.Untagged)
}

func radius(e events.BlastRadiusDecided) string {
	text := "blast radius denied"
	switch {
	case e.Allowed:
		text = "blast radius allowed"
	case e.NeedsApproval:
		text = "blast radius allowed once a second person approved"
	}
	text += " by policy " + e.Policy
	if len(e.Warnings) > 0 {
		text += "; warning: " + join(e.Warnings)
	}
	return text
}
