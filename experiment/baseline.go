package experiment

import (
	"fmt"
	"slices"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

func beginBaseline(s State, c commands.Envelope, cmd commands.BeginBaseline) []events.Event {
	if s.Phase != Scheduled {
		return refused(s, c, "a baseline begins once, after scheduling")
	}
	if why := undecided(s, cmd.Decision); why != "" {
		return refused(s, c, why)
	}
	return append(decided(cmd.Decision), events.BaselineStarted{Books: cmd.Books})
}

func completeBaseline(s State, c commands.Envelope, cmd commands.CompleteBaseline) []events.Event {
	if s.Phase != Baselining {
		return refused(s, c, "a baseline is completed once, while it is taken")
	}
	out := []events.Event{events.BaselineEstablished{Metrics: cmd.Metrics, Windows: cmd.Windows, Broken: cmd.Broken}}
	if cmd.Windows <= 0 || float64(cmd.Broken) > maxBrokenWindows*float64(cmd.Windows) {
		return append(out, events.Concluded{Verdict: events.Inconclusive, Reasons: []string{
			fmt.Sprintf("baseline_unsteady: %d of %d windows broke their own steady state; nothing was injected", cmd.Broken, cmd.Windows),
		}})
	}
	return append(out, due(s)...)
}

// due requests the faults of every step that waits for nothing more.
func due(s State) []events.Event {
	var out []events.Event
	for i, st := range s.Steps {
		if st.Phase != Waiting || !ready(s, i) {
			continue
		}
		out = append(out, events.FaultInjectionRequested{Step: st.ID, Fault: st.Fault, MaxLife: s.Document.Limits.MaxFaultLife})
	}
	return out
}

func ready(s State, i int) bool {
	return !slices.ContainsFunc(waitsFor(s, i), func(id spec.StepID) bool {
		st, ok := s.Step(id)
		return !ok || !over(st)
	})
}

// waitsFor is what a step names in after, or the step before it.
func waitsFor(s State, i int) []spec.StepID {
	if after := s.Steps[i].After; after != nil {
		return *after
	}
	if i == 0 {
		return nil
	}
	return []spec.StepID{s.Steps[i-1].ID}
}

// over says that steps after st may begin: gone where it has a time, seen
// where it stays.
func over(st Step) bool {
	return st.Phase == Gone || st.For == 0 && st.Phase == Present
}
