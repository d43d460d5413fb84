// Package handlers is the pipeline: what happens on each topic. It imports
// neither a Kafka client nor Iceberg; both are handed in.
package handlers

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// Place is where a record stands in the log.
type Place struct {
	Topic     string
	Partition int32
	Offset    int64
}

// Accepted is a batch that follows its experiment's state, the state that it
// led to, and where it stands.
type Accepted struct {
	Batch events.Batch
	State experiment.State
	Place Place
}

// Log is the fold of chaos.events: the state of every experiment, as every
// other reader of the log sees it. The zero value is ready for use.
type Log struct {
	// Lean keeps of an experiment that is over only what is decided on; see
	// experiment.State.Settled. Listeners still get the whole. Only a lean log
	// has snapshots.
	Lean    bool
	mu      sync.Mutex
	states  map[spec.ExperimentID]experiment.State    // lean: without those in settled
	settled map[spec.ExperimentID]experiment.Compact  // lean: what is over
	history map[spec.ExperimentID][]*experiment.State // of live experiments, by version
	next    map[int32]int64                           // by partition; see Next
	recent  recent                                    // lean: what a snapshot holds batch by batch
	changed chan struct{}
	readers []func(Accepted)
	recalls []func(experiment.State)
}

// Listen calls each for every batch accepted from now on, in the log's order
// for one experiment. each must not block: it is called under the log's lock.
func (l *Log) Listen(each func(Accepted)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers = append(l.readers, each)
}

// Apply folds the next batch of the log and says whether it was accepted.
func (l *Log) Apply(b events.Batch, at Place) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed(at)
	if l.states == nil {
		l.states = map[spec.ExperimentID]experiment.State{}
		l.settled = map[spec.ExperimentID]experiment.Compact{}
		l.history = map[spec.ExperimentID][]*experiment.State{}
	}
	s := l.state(b.Experiment)
	if !experiment.Accepts(s, b) {
		return false
	}
	s = experiment.Evolve(s, b)
	l.keep(s)
	if l.Lean {
		l.recent.add(b, at, s.Phase.Over())
	}
	if s.Phase.Over() {
		delete(l.history, b.Experiment)
	} else {
		l.history[b.Experiment] = append(l.history[b.Experiment], &s)
	}
	for _, each := range l.readers {
		each(Accepted{Batch: b, State: s, Place: at})
	}
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return true
}

// keep is called under l.mu.
func (l *Log) keep(s experiment.State) {
	if l.Lean && s.Phase.Over() {
		c := s.Compact()
		l.settled[c.ID()] = c // the key shares its memory
		delete(l.states, s.ID)
		return
	}
	l.states[s.ID] = s
}

// state is called under l.mu.
func (l *Log) state(id spec.ExperimentID) experiment.State {
	if c, ok := l.settled[id]; ok {
		return c.State()
	}
	return l.states[id]
}

// Skip passes over a record that is no batch.
func (l *Log) Skip(at Place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed(at)
}

// passed is called under l.mu.
func (l *Log) passed(at Place) {
	if l.next == nil {
		l.next = map[int32]int64{}
	}
	l.next[at.Partition] = at.Offset + 1
}

// Next is where the fold goes on: the offset after the last record that was
// applied or skipped, of each partition that had one.
func (l *Log) Next() map[int32]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.next)
}

// State is what is known of an experiment; the zero state where nothing is.
func (l *Log) State(id spec.ExperimentID) experiment.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state(id)
}

// StateAt is the state that a live experiment was in at a version: what those
// who acted at that time knew. For one that is over it is the last state.
func (l *Log) StateAt(id spec.ExperimentID, version uint64) experiment.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.history[id]; version > 0 && version <= uint64(len(h)) {
		return *h[version-1]
	}
	return l.state(id)
}

// Live lists the experiments that are not over, in the order of their ids. It
// looks at no others: it is asked several times a second.
func (l *Log) Live() []experiment.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []experiment.State
	for _, id := range slices.Sorted(maps.Keys(l.history)) {
		if s := l.states[id]; s.Phase != experiment.Absent && !s.Phase.Over() {
			out = append(out, s)
		}
	}
	return out
}

// All lists every experiment, in the order in which they were scheduled. An
// id under which commands were refused, and nothing was scheduled, is none.
func (l *Log) All() []experiment.State {
	l.mu.Lock()
	all := slices.Collect(maps.Values(l.states))
	over := slices.Collect(maps.Values(l.settled))
	l.mu.Unlock()
	all = slices.DeleteFunc(all, func(s experiment.State) bool { return s.Phase == experiment.Absent })
	for _, c := range over { // many: nobody waits for the lock meanwhile
		all = append(all, c.State())
	}
	slices.SortFunc(all, func(a, b experiment.State) int {
		return cmp.Or(a.Scheduled.Compare(b.Scheduled), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// Await returns the state of an experiment once ok says so of it, or the
// context's error.
func (l *Log) Await(ctx context.Context, id spec.ExperimentID, ok func(experiment.State) bool) (experiment.State, error) {
	for {
		l.mu.Lock()
		s := l.state(id)
		if ok(s) {
			l.mu.Unlock()
			return s, nil
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}
