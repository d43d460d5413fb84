package main

import (
	"context"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/spec"
)

// clocksDiffer is by how much a proxy's clock may be behind ours: what it wrote
// since an experiment began is looked for that much earlier.
const clocksDiffer = 24 * time.Hour

// truthLog is the ground truth on the log's Kafka.
type truthLog struct{ bus *bus.Bus }

// countTruth counts what the faults of an experiment touched.
func countTruth(b *bus.Bus) func(context.Context, experiment.State) (*events.GroundTruth, bookkeeping.Touched) {
	return func(ctx context.Context, s experiment.State) (*events.GroundTruth, bookkeeping.Touched) {
		return bookkeeping.Truth(ctx, truthLog{b}, s)
	}
}

// Truth implements bookkeeping.TruthLog.
func (t truthLog) Truth(
	ctx context.Context, id spec.ExperimentID, since time.Time, from map[int32]int64, each func(truth.Fact),
) (map[int32]int64, error) {
	topic := t.bus.Topics().GroundTruth
	ends, err := t.bus.EndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	if from == nil {
		if from, err = t.bus.OffsetsSince(ctx, topic, since.Add(-clocksDiffer)); err != nil {
			return nil, err
		}
	}
	err = t.bus.ReadTo(ctx, topic, from, ends, func(records []bus.Record) error {
		for _, rec := range records {
			if string(rec.Key) != string(id) {
				continue
			}
			if f, err := handlers.ReadTruth(rec); err == nil { // else it is among the dead letters, and missing
				each(f)
			}
		}
		return nil
	})
	return ends, err
}
