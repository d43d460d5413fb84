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
	states map[spec.ExperimentID]experiment.State
}

func newAcceptor() *acceptor {
	return &acceptor{states: map[spec.ExperimentID]experiment.State{}}
}

// accept folds the next batch of the log; false where it came too late.
func (a *acceptor) accept(b events.Batch, rec bus.Record) (Batch, bool) {
	before := a.states[b.Experiment]
	if !experiment.Accepts(before, b) {
		return Batch{}, false
	}
	after := experiment.Evolve(before, b)
	a.states[b.Experiment] = after.Settled() // the rows of what may follow need no more
	return Batch{
		Batch: b, Before: before, State: after,
		Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset, Time: rec.Time,
	}, true
}

// read decodes as the deciders do: what they leave out is left out here.
func (a *acceptor) read(rec bus.Record) (Batch, bool, error) {
	b, err := handlers.ReadBatch(rec)
	if err != nil {
		return Batch{}, false, err
	}
	accepted, ok := a.accept(b, rec)
	return accepted, ok, nil
}
