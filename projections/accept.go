package projections

import (
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/spec"
)

// acceptor folds the log from its oldest record, as every reader does, so that
// only the batches that won are shown. It is for one goroutine.
type acceptor struct {
	batches handlers.BatchReader
	live    map[spec.ExperimentID]experiment.State
	settled map[spec.ExperimentID]experiment.Compact // the rows of what may follow need no more
	rulings *rulings                                 // hear all that is accepted
}

func newAcceptor(r *rulings) *acceptor {
	return &acceptor{
		batches: handlers.NewBatchReader(), live: map[spec.ExperimentID]experiment.State{}, settled: map[spec.ExperimentID]experiment.Compact{},
		rulings: r,
	}
}

// restored is the acceptor that has read what a snapshot stands for.
func restored(s handlers.Snapshot, r *rulings) *acceptor {
	a := newAcceptor(r)
	for _, c := range s.Settled {
		a.settled[c.ID()] = c
		r.settled(c.ID())
	}
	for _, b := range s.Batches {
		a.accept(b.Batch, bus.Record{})
	}
	return a
}

func (a *acceptor) state(id spec.ExperimentID) experiment.State {
	if c, ok := a.settled[id]; ok {
		return c.State()
	}
	return a.live[id]
}

func (a *acceptor) keep(s experiment.State) {
	if !s.Phase.Over() {
		a.live[s.ID] = s
		return
	}
	c := s.Compact()
	a.settled[c.ID()] = c
	delete(a.live, s.ID)
}

// accept folds the next batch of the log; false where it came too late.
func (a *acceptor) accept(b events.Batch, rec bus.Record) (Batch, bool) {
	before := a.state(b.Experiment)
	if !experiment.Accepts(before, b) {
		return Batch{}, false
	}
	after := experiment.Evolve(before, b)
	a.keep(after)
	accepted := Batch{
		Batch: b, Before: before, State: after,
		Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset, Time: rec.Time,
	}
	a.rulings.heard(accepted)
	return accepted, true
}

// read decodes as the deciders do: what they leave out is left out here.
func (a *acceptor) read(rec bus.Record) (Batch, bool, error) {
	b, err := a.batches.Read(rec)
	if err != nil {
		return Batch{}, false, err
	}
	accepted, ok := a.accept(b, rec)
	return accepted, ok, nil
}
