package radius

import (
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// liveFaults counts the faults of the other experiments. One that has begun
// may inject what it still waits with at any moment, so that is counted too, as
// far as it can be in place at once.
func liveFaults(q Question, all []experiment.State) events.LiveFaults {
	out := events.LiveFaults{PerTarget: map[spec.TargetName]int{}}
	for _, s := range all {
		if s.ID == q.Experiment || s.Phase.Over() {
			continue
		}
		live := func(st spec.Step) bool {
			now, known := s.Step(st.ID)
			return known && mayBeThere(s.Phase, now.Phase) && isFault(st)
		}
		out.Total += spec.AtOnce(s.Document.Steps, live)
		for t, n := range perTarget(q.Platform, s.Document.Steps, live) {
			out.PerTarget[t] += n
		}
	}
	return out
}

// mayBeThere says that a step's fault is in place, on its way in or out, or
// still to come: what waits is injected only until the first rollback that
// was not the end of one step.
func mayBeThere(p experiment.Phase, st experiment.StepPhase) bool {
	switch st {
	case experiment.Requested, experiment.Present, experiment.Undoing, experiment.StuckStep:
		return true
	case experiment.Waiting:
		return p == experiment.Baselining || p == experiment.Injecting || p == experiment.Injected
	case experiment.Gone, experiment.Failed:
		return false
	}
	return true
}
