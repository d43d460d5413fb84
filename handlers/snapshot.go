package handlers

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// Snapshot is a lean log as of some records: what Restore needs in place of
// them. It is not changed by what the log does later.
type Snapshot struct {
	// Next is where the fold goes on; see Log.Next.
	Next map[int32]int64
	// Settled are the experiments that have been over for a while.
	Settled []experiment.Compact
	// Batches are all of every other experiment, in the log's order of each
	// partition.
	Batches []Placed
}

// Records counts what the snapshot stands for: all records, if the log begins
// with offset 0.
func (s Snapshot) Records() int64 {
	var n int64
	for _, next := range s.Next {
		n += next
	}
	return n
}

// Snapshot is the log as it is now. It holds up the fold for as long as it
// takes to copy a pointer for each experiment. The log must be lean.
func (l *Log) Snapshot() Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := Snapshot{Next: maps.Clone(l.next), Batches: l.recent.all(), Settled: make([]experiment.Compact, 0, len(l.settled))}
	for id, c := range l.settled {
		if _, there := l.recent.batches[id]; !there {
			out.Settled = append(out.Settled, c)
		}
	}
	return out
}

// Recall calls each for every settled experiment that Restore takes over. Its
// batches are not heard; those of all others are.
func (l *Log) Recall(each func(experiment.State)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recalls = append(l.recalls, each)
}

// errUnfit is a snapshot that no log gave.
var errUnfit = errors.New("it does not follow from any log")

// Restore brings a new, lean log to where the snapshot was taken; the fold
// then goes on from there, to the same states as over the whole log. Listeners
// hear the snapshot's batches. After an error the log is as new, and nobody
// has heard of anything.
func (l *Log) Restore(s Snapshot) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("restoring the log: %w", err)
	}
	l.mu.Lock()
	if !l.Lean || l.states != nil || l.next != nil {
		l.mu.Unlock()
		return errors.New("restoring the log: it is not lean, or something was applied to it already")
	}
	l.states = map[spec.ExperimentID]experiment.State{}
	l.settled = make(map[spec.ExperimentID]experiment.Compact, len(s.Settled))
	l.history = map[spec.ExperimentID][]*experiment.State{}
	for _, c := range s.Settled {
		l.settled[c.ID()] = c
		for _, each := range l.recalls {
			each(c.State())
		}
	}
	l.mu.Unlock()
	for _, b := range s.Batches {
		l.Apply(b.Batch, b.Place)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = maps.Clone(s.Next)
	return nil
}

// check folds the batches: each must be accepted, and stand below Next.
func (s Snapshot) check() error {
	var l Log
	over := make(map[spec.ExperimentID]bool, len(s.Settled))
	for _, c := range s.Settled {
		over[c.ID()] = true
	}
	if len(over) != len(s.Settled) {
		return fmt.Errorf("%w: an experiment is there twice", errUnfit)
	}
	ordered := slices.IsSortedFunc(s.Batches, inLog)
	for _, b := range s.Batches {
		if !ordered || over[b.Batch.Experiment] || b.Place.Offset < 0 || b.Place.Offset >= s.Next[b.Place.Partition] || !l.Apply(b.Batch, b.Place) {
			return fmt.Errorf("%w: batch %d of experiment %s is out of place", errUnfit, b.Batch.Version, b.Batch.Experiment)
		}
	}
	return nil
}
