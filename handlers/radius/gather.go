// Package radius finds out what a decision on the blast radius is made of:
// from the document, the platform, the folded log, and by asking brokers and
// metrics. It decides nothing.
package radius

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/none"
	"github.com/k2-platform/faultline/spec"
)

// Question is what is asked, and by whom.
type Question struct {
	Experiment spec.ExperimentID
	Document   spec.Document
	Platform   spec.Platform
	Requester  string
	ApprovedBy string
	IKnow      bool
	At         time.Time
}

// Sources answer what the document does not say. What is nil, or answers with
// nothing, is a missing input.
type Sources struct {
	// Kind describes a kind of fault.
	Kind func(string) faults.Kind
	// Log is every experiment of the folded log.
	Log func() []experiment.State
	// Healthy asks a broker whether it answers.
	Healthy func(context.Context, spec.Target) bool
	// Traffic reads how busy the system is.
	Traffic func(context.Context, spec.Platform) events.Traffic
}

// Gather collects the inputs.
func (s Sources) Gather(ctx context.Context, q Question) events.RadiusInputs {
	d := q.Document.WithDefaults()
	in := events.RadiusInputs{
		Experiment: q.Experiment, Title: d.Title, System: d.System, Environment: d.Environment, BlastRadius: d.BlastRadius,
		Labels: d.Labels, Requester: q.Requester, IKnow: q.IKnow, ApprovedBy: q.ApprovedBy, At: q.At,
		AtOnce: spec.AtOnce(d.Steps, isFault), PerTarget: perTarget(q.Platform, d.Steps, isFault),
	}
	var all []experiment.State
	if s.Log != nil {
		all = s.Log()
		live := liveFaults(q, all)
		in.Live = &live
	}
	health := map[spec.TargetName]bool{} // each broker is asked once
	for _, st := range d.Steps {
		in.Faults = append(in.Faults, s.fault(ctx, q, st.Fault, st.ID, all, health))
	}
	if s.Traffic != nil {
		in.Traffic = s.Traffic(ctx, q.Platform)
	}
	return in
}

// isFault leaves out the controls.
func isFault(s spec.Step) bool { return s.Fault.Kind != none.Kind }

// perTarget is how many faults of the steps that count can be on each target
// at once.
func perTarget(p spec.Platform, steps []spec.Step, counts func(spec.Step) bool) map[spec.TargetName]int {
	out := map[spec.TargetName]int{}
	for _, st := range steps {
		for _, t := range p.Reach(st.Fault.Target) {
			if _, done := out[t]; !done {
				out[t] = spec.AtOnce(steps, func(o spec.Step) bool { return counts(o) && slices.Contains(p.Reach(o.Fault.Target), t) })
			}
		}
	}
	maps.DeleteFunc(out, func(_ spec.TargetName, n int) bool { return n == 0 })
	return out
}

func (s Sources) fault(ctx context.Context, q Question, f spec.Fault, step spec.StepID, all []experiment.State, health map[spec.TargetName]bool) events.RadiusFault {
	kind := s.Kind(f.Kind)
	out := events.RadiusFault{
		Step: step, Kind: f.Kind, Risk: kind.Risk.String(), Target: f.Target, Members: q.Platform.Reach(f.Target),
		Harmless: f.Kind == none.Kind, Serves: kind.Serves,
	}
	if s.Log != nil {
		n := s.upheldSmaller(all, q.Platform, kind.Risk, f.Target)
		out.UpheldSmaller = &n
	}
	if out.Harmless {
		return out
	}
	for _, g := range brokersOf(q.Platform, out.Members) {
		if s.Healthy != nil {
			healthy := s.healthy(ctx, q.Platform, g.Members, health)
			g.Healthy = &healthy
		}
		out.Brokers = append(out.Brokers, g)
	}
	return out
}

func (s Sources) healthy(ctx context.Context, p spec.Platform, members []spec.TargetName, known map[spec.TargetName]bool) []spec.TargetName {
	out := []spec.TargetName{}
	for _, m := range members {
		if _, asked := known[m]; !asked {
			known[m] = s.Healthy(ctx, p.Targets[m])
		}
		if known[m] {
			out = append(out, m)
		}
	}
	return out
}

// upheldSmaller counts the experiments that ended upheld and had a fault of
// lower risk on the target. A control shows nothing of what a target bears.
func (s Sources) upheldSmaller(all []experiment.State, p spec.Platform, risk faults.Risk, target spec.TargetName) int {
	n := 0
	for _, e := range all {
		if e.Phase != experiment.Concluded || e.Verdict != events.Upheld || e.Document.Environment != p.Environment {
			continue
		}
		if slices.ContainsFunc(e.Steps, func(st experiment.Step) bool {
			return st.Fault.Target == target && st.Fault.Kind != none.Kind && s.Kind(st.Fault.Kind).Risk > risk
		}) {
			n++
		}
	}
	return n
}

// brokersOf finds the groups of the brokers among the targets. A broker that
// no group names is a group of its own: nobody said that another stands in.
func brokersOf(p spec.Platform, targets []spec.TargetName) []events.BrokerGroup {
	groups := map[spec.TargetName][]spec.TargetName{}
	for _, t := range targets {
		if !isBroker(p, t) {
			continue
		}
		grouped := false
		for name, g := range p.Targets {
			if len(g.Members) == 0 {
				continue
			}
			if members := p.Reach(name); slices.Contains(members, t) {
				groups[name] = slices.DeleteFunc(members, func(m spec.TargetName) bool { return !isBroker(p, m) })
				grouped = true
			}
		}
		if !grouped {
			groups[t] = []spec.TargetName{t}
		}
	}
	var out []events.BrokerGroup
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		out = append(out, events.BrokerGroup{Name: name, Members: groups[name]})
	}
	return out
}

// isBroker says whether a fault on the target would take a broker away. A
// topic's health may be that of brokers too, and it is none.
func isBroker(p spec.Platform, t spec.TargetName) bool {
	target := p.Targets[t]
	return target.Topic == nil && target.Health != nil && target.Health.Kafka != ""
}
