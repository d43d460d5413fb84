package projections

import (
	"context"
	"fmt"
)

// Await returns once the tables hold the record, or have been found to need
// nothing of it. It errs when ctx ends, or Run does, before that.
func (f *Follower) Await(ctx context.Context, record Source) error {
	for {
		changed := f.place.watch()
		fed, flushed, over := f.place.has(record)
		switch {
		case flushed:
			return nil
		case over:
			return fmt.Errorf("waiting for offset %d of %s/%d in the tables: the projections ended before it", record.Offset, record.Topic, record.Partition)
		case fed:
			f.flushSoon()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for offset %d of %s/%d in the tables: %w", record.Offset, record.Topic, record.Partition, ctx.Err())
		}
	}
}
