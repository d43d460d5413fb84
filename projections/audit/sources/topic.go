package sources

import (
	"context"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/projections/audit"
)

// Topic is a source topic.
type Topic struct {
	Bus  *bus.Bus
	Name string
}

// Read implements audit.Log.
func (t Topic) Read(ctx context.Context, r audit.Range, each func([]audit.Record) error) ([]audit.Range, int64, error) {
	var batch []audit.Record
	gone, next, err := t.Bus.ReadPartition(ctx, t.Name, r.Partition, r.From, r.To, func(all []bus.Raw) error {
		batch = batch[:0]
		for _, rec := range all {
			batch = append(batch, audit.Record{Offset: rec.Offset, Millis: rec.Millis, Value: rec.Value})
		}
		return each(batch)
	})
	var holes []audit.Range
	for _, h := range gone {
		holes = append(holes, audit.Range{Partition: r.Partition, From: h.From, To: h.To})
	}
	return holes, next, err
}
