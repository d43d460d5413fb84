package handlers

import (
	"slices"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// patience is how long the log may take to show a command before Kafka counts
// as away.
const patience = 1500 * time.Millisecond

// Ahead foresees the log while Kafka is away: commands that wait for it are
// decided on, for this process alone, as the decider will decide on them. An
// experiment whose target is the Kafka that carries the log goes on so.
//
// While Kafka answers, a foreseen state is the log's own. Make one with its
// Log; it is safe for concurrent use.
type Ahead struct {
	Log *Log
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	mu      sync.Mutex
	waiting map[spec.ExperimentID][]waiting
}

type waiting struct {
	commands.Envelope
	since time.Time
}

// Add notes a command that is on its way.
func (a *Ahead) Add(e commands.Envelope) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting == nil {
		a.waiting = map[spec.ExperimentID][]waiting{}
	}
	all := a.waiting[e.Experiment]
	if slices.ContainsFunc(all, func(w waiting) bool { return w.ID == e.ID }) {
		return
	}
	a.waiting[e.Experiment] = append(all, waiting{e, a.now()})
}

// State is the log's state of an experiment, or, where commands wait for
// longer than they should, the state that they will lead to if nothing else
// comes between.
func (a *Ahead) State(id spec.ExperimentID) experiment.State {
	s := a.Log.State(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	all := slices.DeleteFunc(a.waiting[id], func(w waiting) bool { return s.Phase.Over() || s.Handled(w.ID) })
	if len(all) == 0 {
		delete(a.waiting, id)
		return s
	}
	a.waiting[id] = all
	if a.now().Sub(all[0].since) < patience {
		return s
	}
	for _, w := range all {
		out, err := experiment.Decide(s, w.Envelope)
		if err != nil || len(out) == 0 {
			continue
		}
		s = experiment.Evolve(s, events.Batch{Experiment: id, Version: s.Version + 1, Cause: w.ID, At: w.At, Events: out})
	}
	return s
}

// Live lists the experiments that are not over, as State has them.
func (a *Ahead) Live() []experiment.State {
	var out []experiment.State
	for _, s := range a.Log.Live() {
		if s = a.State(s.ID); !s.Phase.Over() {
			out = append(out, s)
		}
	}
	return out
}

func (a *Ahead) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}
