package projections

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/spec"
)

// ruling is the closing of an experiment's books that counts, and how many pages
// it has. The zero value is of books that were never closed: no page counts.
type ruling struct {
	closing string
	pages   uint64
}

func rulingOf(b events.BooksClosed) ruling {
	if b.Ledger == nil || b.Ledger.Pages == nil {
		return ruling{}
	}
	return ruling{b.Ledger.Pages.Closing, b.Ledger.Pages.Pages}
}

// rulings are those of all experiments that the log has told of. A daemon that
// dies while it closes the books leaves pages behind, and another one writes its
// own: only the batch that closes them, of which there is one, says which count.
// Safe for concurrent use.
type rulings struct {
	mu    sync.Mutex
	known map[spec.ExperimentID]*ruling // nil: the books may still be closed
	older map[spec.ExperimentID]bool    // over before the log was read: the tables know
}

func newRulings() *rulings {
	return &rulings{known: map[spec.ExperimentID]*ruling{}, older: map[spec.ExperimentID]bool{}}
}

// settled says that an experiment was over before the first batch that is heard.
func (r *rulings) settled(id spec.ExperimentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.older[id] = true
}

// heard takes the next accepted batch.
func (r *rulings) heard(b Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := b.Batch.Experiment
	if r.older[id] || r.known[id] != nil {
		return
	}
	r.known[id] = nil
	if b.State.Phase.Over() {
		r.known[id] = &ruling{}
	}
	for _, e := range b.Batch.Events {
		if closed, ok := e.(events.BooksClosed); ok {
			found := rulingOf(closed)
			r.known[id] = &found
		}
	}
}

func (r *rulings) of(id spec.ExperimentID) (found *ruling, known, older bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, known = r.known[id]
	return found, known, r.older[id]
}

// lookForRuling is how often a page's reader looks whether the books are closed.
const lookForRuling = 100 * time.Millisecond

// ruling waits until it is known which closing of an experiment's books counts.
// Pages come before the batch that closes the books, and after the first of the
// experiment: of one that the log does not know by its present end none counts.
// The error is of ctx.
func (f *Follower) ruling(ctx context.Context, id spec.ExperimentID) (out ruling, err error) {
	var ends map[int32]int64
	for {
		whole := ends != nil && f.place.reached(f.topics.Events, ends)
		found, known, older := f.rulings.of(id)
		switch {
		case found != nil:
			return *found, nil
		case older:
			return out, f.untilTaken(ctx, f.topics.RecordLedger, func() (err error) {
				out, err = f.tables.ruling(ctx, id)
				return err
			})
		case !known && whole:
			return ruling{}, nil
		case !known && ends == nil:
			err := f.untilTaken(ctx, f.topics.RecordLedger, func() (err error) {
				ends, err = f.log.EndOffsets(ctx, f.topics.Events)
				return err
			})
			if err != nil {
				return out, err
			}
			continue
		}
		if !pause.For(ctx, lookForRuling) {
			return out, ctx.Err()
		}
	}
}

// ruling is the closing that counts of an experiment whose batches the tables
// hold, by chaos.events.
func (s *Set) ruling(ctx context.Context, id spec.ExperimentID) (out ruling, err error) {
	err = s.lake.Scan(ctx, Namespace, s.events.name, lake.ScanOptions{
		Columns: []string{"payload"}, Equals: map[string]string{"experiment": string(id), "type": events.TypeBooksClosed},
	}, func(r lake.Row) error {
		payload, _ := r.Text("payload")
		e, err := events.DecodeEvent(events.TypeBooksClosed, []byte(payload))
		if closed, ok := e.(events.BooksClosed); ok {
			out = rulingOf(closed)
		}
		return err
	})
	if err != nil {
		return ruling{}, fmt.Errorf("asking %s.%s which closing counts of experiment %s: %w", Namespace, s.events.name, id, err)
	}
	return out, nil
}
