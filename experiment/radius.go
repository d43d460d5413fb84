package experiment

import (
	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// AwaitsApproval says that a second person was asked and has not answered.
func (s State) AwaitsApproval() bool {
	return s.Phase == Scheduled && s.ApprovalAsked && s.Approved == nil
}

func deny(s State, c commands.Envelope, cmd commands.Deny) []events.Event {
	if s.Phase != Scheduled {
		return refused(s, c, "only a scheduled experiment can be denied")
	}
	return append(decided(cmd.Decision), events.ExperimentDenied{By: c.By, Reasons: cmd.Reasons})
}

func requestApproval(s State, c commands.Envelope, cmd commands.RequestApproval) []events.Event {
	switch {
	case s.Phase != Scheduled:
		return refused(s, c, "only a scheduled experiment waits for approval")
	case s.ApprovalAsked:
		return refused(s, c, "approval was asked for already")
	case cmd.Decision.Allowed || !cmd.Decision.NeedsApproval:
		return refused(s, c, "the decision asks for nobody's approval")
	}
	return []events.Event{cmd.Decision, events.ApprovalRequested{Reasons: cmd.Decision.Reasons}}
}

func approve(s State, c commands.Envelope, cmd commands.Approve) []events.Event {
	switch {
	case s.Phase == Absent:
		return refused(s, c, "there is nothing to approve; see faultline list")
	case s.Approved != nil:
		return refused(s, c, "it was approved by "+s.Approved.By+" already")
	case !s.AwaitsApproval():
		return refused(s, c, "nobody asked for an approval")
	case spec.Person(c.By) == "":
		return refused(s, c, "nobody is named as who approves; approve as user@host")
	case spec.Person(c.By) == spec.Person(s.By):
		return refused(s, c, "who asked for it cannot approve it; ask a second person")
	}
	return []events.Event{events.ExperimentApproved{By: c.By, Reason: cmd.Reason}}
}

// undecided says why a baseline may not begin, or is empty. A decision that
// is absent was made by a conductor of an earlier release; it opens every
// environment that was open to that release, and so never production.
func undecided(s State, d *events.BlastRadiusDecided) string {
	approved := s.Approved != nil
	switch {
	case s.AwaitsApproval():
		return "it waits for a second person; see faultline approve"
	case s.Document.Environment == spec.Production && (d == nil || !approved):
		return "production needs a decision on the blast radius and the approval of a second person"
	case d == nil:
		return ""
	case !d.Allowed:
		return "the decision on its blast radius does not allow it"
	case d.NeedsApproval && !approved:
		return "the decision needs the approval of a second person"
	}
	return ""
}

func decided(d *events.BlastRadiusDecided) []events.Event {
	if d == nil {
		return nil
	}
	return []events.Event{*d}
}
