package projections

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/handlers"
)

// Resume has Run begin where a snapshot of the log stands, in place of the
// oldest record. It is false, and changes nothing, where some table lacks what
// lies before that. It must come before Run.
func (f *Follower) Resume(s handlers.Snapshot) bool {
	have := f.tables.From(f.topics.Events)
	for p, next := range s.Next {
		if have[p] < next {
			return false
		}
	}
	f.rulings = newRulings()
	f.accepted, f.from = restored(s, f.rulings), s.Next
	f.place.begin(f.topics.Events, s.Next)
	return true
}

// Lacks counts the records of the events before the given next offsets whose
// rows some table may lack. It may be called by any goroutine, before Run too.
func (f *Follower) Lacks(next map[int32]int64) int64 {
	have, written := f.tables.From(f.topics.Events), f.place.written(f.topics.Events)
	var n int64
	for p, end := range next {
		n += max(0, end-max(have[p], written[p]))
	}
	return n
}

// Level returns once a Follower on the same tables can Resume from a snapshot
// that stands at the given next offsets of the events. It errs when ctx ends,
// Run does before it got there, or a table cannot be written.
func (f *Follower) Level(ctx context.Context, next map[int32]int64) error {
	for p, n := range next {
		if err := f.Await(ctx, Source{Topic: f.topics.Events, Partition: p, Offset: n - 1}); err != nil {
			return err
		}
	}
	if err := f.tables.Level(ctx, next); err != nil {
		return fmt.Errorf("bringing tables to the place of a snapshot: %w", err)
	}
	return nil
}

// StandsBy says that another daemon writes some of the tables. It may be called
// by any goroutine.
func (f *Follower) StandsBy() bool { return f.tables.StandsBy() }
