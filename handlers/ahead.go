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

// lost is when a command that Kafka took and the log does not show counts as
// lost. It is long: a Kafka that takes commands may still take no events.
const lost = 10 * time.Minute

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
	since   time.Time
	carried time.Time // to Kafka; zero: not yet
}

// Add notes a command that is on its way. One that the log has is left out.
func (a *Ahead) Add(e commands.Envelope) {
	if s := a.Log.State(e.Experiment); s.Phase.Over() || s.Handled(e.ID) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting == nil {
		a.waiting = map[spec.ExperimentID][]waiting{}
	}
	all := a.waiting[e.Experiment]
	if slices.ContainsFunc(all, func(w waiting) bool { return w.ID == e.ID }) {
		return
	}
	a.waiting[e.Experiment] = append(all, waiting{Envelope: e, since: a.now()})
}

// Carried notes that Kafka took a command. One that the log does not show ten
// minutes later became a dead letter: it is foreseen no longer.
func (a *Ahead) Carried(e commands.Envelope) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, w := range a.waiting[e.Experiment] {
		if w.ID == e.ID {
			a.waiting[e.Experiment][i].carried = a.now()
		}
	}
}

// State is the log's state of an experiment, or, where commands wait for
// longer than they should, the state that they will lead to if nothing else
// comes between.
func (a *Ahead) State(id spec.ExperimentID) experiment.State {
	s, _ := a.Foresee(id)
	return s
}

// Settled says whether all that is on its way is foreseen. Who was not there
// when it was sent should wait for that, for patience at most: the log's state
// may be an old one.
func (a *Ahead) Settled(id spec.ExperimentID) bool {
	s := a.Log.State(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.open(id, s)
	return len(all) == 0 || a.now().Sub(all[0].since) >= patience
}

// Foresee is State with the ids of the commands that it foresees, one for each
// version that the log does not have yet, in their order.
func (a *Ahead) Foresee(id spec.ExperimentID) (experiment.State, []string) {
	s := a.Log.State(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.open(id, s)
	if len(all) == 0 || a.now().Sub(all[0].since) < patience {
		return s, nil
	}
	known, since := s.Version, all[0].since
	for i, w := range all {
		// What was foreseen once stays so when those before it are in the log.
		all[i].since = since
		out, err := experiment.Decide(s, w.Envelope)
		if err != nil || len(out) == 0 {
			continue
		}
		s = experiment.Evolve(s, events.Batch{Experiment: id, Version: s.Version + 1, Cause: w.ID, At: w.At, Events: out})
	}
	return s, s.Causes(known)
}

// open forgets what the log has, or will never have, and returns the rest. It
// is called under a.mu.
func (a *Ahead) open(id spec.ExperimentID, s experiment.State) []waiting {
	now := a.now()
	all := slices.DeleteFunc(a.waiting[id], func(w waiting) bool {
		return s.Phase.Over() || s.Handled(w.ID) || !w.carried.IsZero() && now.Sub(w.carried) > lost
	})
	if len(all) == 0 {
		delete(a.waiting, id)
		return nil
	}
	a.waiting[id] = all
	return all
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
