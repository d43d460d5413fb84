package conduct

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// bookkeeper keeps one experiment's books. A nil one keeps none.
type bookkeeper struct {
	*leader
	books   Books
	during  int64 // snapshot under the fault
	closing sync.WaitGroup
	started bool
}

func openBooks(l *leader, p spec.Platform, name string) (*bookkeeper, error) {
	b, err := l.Books(p, name)
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
// recovery was measured. Closing takes its time, so the clock goes on.
func (b *bookkeeper) keep(ctx context.Context, s experiment.State) {
	if b == nil || s.Opened == nil {
		return
	}
	if s.Phase == experiment.Injected && b.during == 0 {
		id, err := b.books.Snapshot(ctx)
		if err != nil {
			b.Problems.Warn("noting the snapshot under the fault", "experiment", s.ID, "error", err)
		}
		b.during = id
	}
	if b.started || s.Phase != experiment.Recovering || s.Recovery == nil || s.Books != nil {
		return
	}
	b.started = true
	opened, during, within := *s.Opened, b.during, time.Duration(s.Document.Limits.RecoveryTimeout)
	b.closing.Go(func() {
		closed := b.books.Close(ctx, opened, during, within)
		b.out.deliver(ctx, commands.Envelope{
			ID: string(s.ID) + "/books", Experiment: s.ID, Command: commands.CloseBooks{BooksClosed: closed},
		})
	})
}

func (b *bookkeeper) wait() {
	if b != nil {
		b.closing.Wait()
	}
}
