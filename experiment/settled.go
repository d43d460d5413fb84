package experiment

import (
	"slices"

	"github.com/k2-platform/faultline/spec"
)

// Settled is what is left to decide on once an experiment is over: which
// commands it has handled, why it refuses every other but a note, and which
// faults it had where, which decides on what may run after it. It drops what
// only people read, so that a log of many experiments fits in memory. Before
// the end it is the state itself.
func (s State) Settled() State {
	if !s.Phase.Over() {
		return s
	}
	out := State{
		ID: s.ID, Version: s.Version, Phase: s.Phase, By: s.By, Scheduled: s.Scheduled,
		Cause: s.Cause, Verdict: s.Verdict, Ended: s.Ended, handled: slices.Clip(s.handled),
		Injected: s.Injected, Steps: make([]Step, len(s.Steps)),
		Document: spec.Document{Environment: s.Document.Environment},
	}
	for i, st := range s.Steps {
		fault := spec.Fault{Kind: st.Fault.Kind, Target: st.Fault.Target}
		out.Steps[i] = Step{Step: spec.Step{ID: st.ID, Fault: fault}, Phase: st.Phase, Cause: st.Cause}
	}
	return out
}
