package conduct

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/internal/wallclock"
	"github.com/k2-platform/faultline/spec"
)

// lookWithin bounds one try to see the table under the fault.
const lookWithin = 10 * time.Second

// bookkeeper keeps one experiment's books. A nil one keeps none.
type bookkeeper struct {
	*leader
	books   Books
	during  atomic.Int64 // snapshot under the fault
	looking atomic.Bool
	work    sync.WaitGroup
	started bool
}

func openBooks(l *leader, p spec.Platform, name string) (*bookkeeper, error) {
	b, err := l.Books(p, name, l.id)
	if err != nil {
		return nil, fmt.Errorf("finding the books %q: %w", name, err)
	}
	return &bookkeeper{leader: l, books: b}, nil
}

func (b *bookkeeper) open(ctx context.Context) (*events.BookMark, error) {
	if b == nil {
		return nil, nil //nolint:nilnil // no books, no mark
	}
	mark, err := b.books.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the books: %w", err)
	}
	return mark, nil
}

// keep notes the table as it is under the fault, and closes the books once
// recovery was measured. Both take their time, so the clock goes on; what comes
// of it bears the time of that clock, and at is its last tick.
func (b *bookkeeper) keep(ctx context.Context, s experiment.State, at time.Time) {
	if b == nil || s.Opened == nil {
		return
	}
	if s.Phase == experiment.Injected {
		b.look(ctx)
	}
	if b.started || s.Phase != experiment.Recovering || s.Recovery == nil || s.Books != nil {
		return
	}
	b.started = true
	opened, during, within := *s.Opened, b.during.Load(), time.Duration(s.Document.Limits.RecoveryTimeout)
	life := wallclock.Begin(at, at)
	b.work.Go(func() {
		closed := b.close(ctx, s, opened, during, within)
		b.out.put(commands.Envelope{
			ID: string(s.ID) + "/books", Experiment: s.ID, At: life.Now(), Command: commands.CloseBooks{BooksClosed: closed},
		})
	})
}

// close closes the books, and leaves them open where some of what the faults
// touched is not known: a loss by a fault could not be told from one by the
// system.
func (b *bookkeeper) close(ctx context.Context, s experiment.State, from events.BookMark, during int64, within time.Duration) events.BooksClosed {
	limited, done := context.WithTimeout(ctx, within)
	defer done()
	var truth *events.GroundTruth
	var touched bookkeeping.Touched
	var reading sync.WaitGroup
	reading.Go(func() { truth, touched = b.Truth(limited, s) })
	closed := b.books.Close(ctx, from, during, within, func() bookkeeping.Touched {
		reading.Wait()
		return touched
	})
	reading.Wait()
	if closed.Truth = truth; truth != nil && !truth.Complete {
		closed.Balanced = false
		closed.Why = strings.Join(slices.DeleteFunc([]string{closed.Why, truth.Why}, func(s string) bool { return s == "" }), "; ")
	}
	return closed
}

// look asks for the snapshot under the fault until it is known once. The table
// may be what the fault broke: its answer counts only if it comes in time.
func (b *bookkeeper) look(ctx context.Context) {
	if b.during.Load() != 0 || !b.looking.CompareAndSwap(false, true) {
		return
	}
	b.work.Go(func() {
		defer b.looking.Store(false)
		within, done := context.WithTimeout(ctx, lookWithin)
		defer done()
		id, err := b.books.Snapshot(within)
		switch {
		case err != nil && ctx.Err() == nil:
			b.Problems.Warn("noting the snapshot under the fault", "experiment", b.id, "error", err)
		case err == nil && b.Ahead.State(b.id).Phase == experiment.Injected:
			b.during.Store(id)
		}
	})
}

func (b *bookkeeper) wait() {
	if b != nil {
		b.work.Wait()
	}
}
