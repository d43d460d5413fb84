package blastradius

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// Decide judges the inputs by the policy. Every rule must hold: one that is
// violated denies, and so does one whose inputs are missing. Where the
// environment asks for a second person, that comes last, so that nobody is
// asked about what is denied anyway.
func Decide(p Policy, in events.RadiusInputs) events.BlastRadiusDecided {
	d := events.BlastRadiusDecided{Policy: p.Name, Inputs: in}
	env, named := p.Environments[in.Environment]
	d.Rules = append(d.Rules, environment(in, named), radius(in))
	if named {
		d.Rules = append(d.Rules, risks(env, in), window(env, in), liveFaults(env, in), perTarget(env, in), lastBroker(env, in), startSmall(env, in))
		for _, r := range p.rules {
			if r.countsIn(in.Environment) {
				d.Rules = append(d.Rules, r.judge(in, p.clock))
			}
		}
	}
	for _, r := range d.Rules {
		switch {
		case r.Answer == events.Holds:
		case r.Warns:
			d.Warnings = append(d.Warnings, Sentence(r))
		default:
			d.Reasons = append(d.Reasons, Sentence(r))
		}
	}
	if len(d.Reasons) > 0 {
		return d
	}
	d.NeedsApproval = asksApproval(in.Environment, env)
	if d.NeedsApproval {
		r := approval(in)
		d.Rules = append(d.Rules, r)
		if r.Answer != events.Holds {
			d.Reasons = append(d.Reasons, Sentence(r))
			d.NeedsApproval = r.Answer == events.Violated
			return d
		}
	}
	d.Allowed = true
	return d
}

// Sentence says what a rule found, with the inputs that were missing.
func Sentence(r events.RadiusRule) string {
	text := strings.ReplaceAll(r.Name, "_", " ") + ": " + r.Why
	if len(r.Missing) > 0 {
		text += " (missing: " + strings.Join(r.Missing, ", ") + ")"
	}
	return text
}

func violated(r events.RadiusRule, why string) events.RadiusRule {
	r.Answer, r.Why = events.Violated, why
	return r
}

func unknown(r events.RadiusRule, why string, missing ...string) events.RadiusRule {
	r.Answer, r.Why, r.Missing = events.Unknown, why, missing
	return r
}

func environment(in events.RadiusInputs, named bool) events.RadiusRule {
	r := events.RadiusRule{Name: "environment", Answer: events.Holds}
	switch {
	case named:
		return r
	case in.Environment == "":
		return unknown(r, "the experiment says nowhere to run", "environment")
	case in.Environment == spec.Production:
		return violated(r, "production is refused, since the policy does not name it; run this elsewhere")
	}
	return violated(r, fmt.Sprintf("the policy does not name %s; add it below environments, or run this elsewhere", in.Environment))
}

func asksApproval(name string, env spec.EnvironmentPolicy) bool {
	return name == spec.Production || env.NeedsApproval != nil && *env.NeedsApproval
}

// approval holds once somebody else than the requester approved.
func approval(in events.RadiusInputs) events.RadiusRule {
	r := events.RadiusRule{Name: "approval", Answer: events.Holds}
	requester, approver := spec.Person(in.Requester), spec.Person(in.ApprovedBy)
	switch {
	case requester == "":
		return unknown(r, "nobody knows who asks, so nobody else could approve", "requester")
	case approver == "":
		return violated(r, fmt.Sprintf("%s needs a second person beside %s: faultline approve %s", in.Environment, in.Requester, cmp.Or(string(in.Experiment), "ID")))
	case approver == requester:
		return violated(r, in.Requester+" cannot approve what they ask for: a second person runs faultline approve ID")
	}
	r.Why = "approved by " + in.ApprovedBy
	return r
}
