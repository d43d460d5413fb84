package auditing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
)

// Closed is the books of one stretch of time, closed once.
type Closed struct {
	From   time.Time    `json:"from"`
	To     time.Time    `json:"to"`
	Report audit.Report `json:"report"`
	// Open says that a source could not be read: these books stay open, and the
	// next ones begin where these began.
	Open bool `json:"open,omitempty"`
	// Checks are those that compared the stretch as a whole, where there are some.
	Checks []events.IntegrityCheck `json:"checks,omitempty"`
}

// Mark is up to where books are closed: the next ones begin there, whatever
// happens in between.
type Mark struct {
	At       time.Time       `json:"at"`
	Since    time.Time       `json:"since,omitzero"`  // where the next books begin, if that is before At
	Tries    int             `json:"tries,omitempty"` // that have left them open
	Snapshot int64           `json:"snapshot"`        // of a table that holds the offsets
	Offsets  map[int32]int64 `json:"offsets,omitempty"`
}

// Marks keeps how far the books are closed. Load answers false where nothing
// was closed yet.
type Marks interface {
	Load() (Mark, bool, error)
	Save(m Mark) error
}

// mostTries is how often books are opened again of which something was not read.
const mostTries = 10

// Follow closes the books every so often, until ctx ends (whose error it
// returns) or each errs. It goes on where marks say that it was.
//
// No record is in the books of two stretches, and none in none. Where the table
// holds the offsets a record belongs to the stretch in which the sink committed
// past it, so that none comes late. Elsewhere it belongs to the stretch in
// which it was sent; one that is not stored when the books are closed is in
// flight or lost in them, and they are not opened again: an audit of that time
// finds later whether it came.
//
// Books of which a source could not be read stay open, and the next ones have
// their records as well: ten times, then they are closed as they are, since a
// record that retention has removed never comes back. Nor does the snapshot up to
// which the last ones were closed: where it is gone the next ones begin at the
// table's snapshot of then.
func Follow(ctx context.Context, f Flow, every time.Duration, marks Marks, o Options, each func(Closed) error) error {
	o = o.withDefaults()
	mark, ok, err := marks.Load()
	if err == nil && !ok {
		mark, err = here(ctx, f)
		if err == nil {
			err = marks.Save(mark)
		}
	}
	if err != nil {
		return fmt.Errorf("finding where the books begin: %w", err)
	}
	for {
		// Whole stretches of the clock, so that one is the same minute for everybody.
		to := mark.At.Truncate(every).Add(every)
		if now := time.Now(); to.Add(every).Before(now) {
			to = now.Truncate(every) // it was down: what went by meanwhile is closed at once
		}
		if !pause.For(ctx, time.Until(to)) {
			return ctx.Err()
		}
		closed, next, err := stretch(ctx, f, mark, to, o)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			closed.Report.Unread = append(closed.Report.Unread, audit.Unread{Source: "books", Why: err.Error()})
		}
		if errors.Is(err, audit.ErrGone) && mark.Tries >= mostTries {
			next, err = here(ctx, f)
			next.At = to
		}
		if err != nil || closed.Report.Torn() && mark.Tries < mostTries {
			closed.Open = true
			next = Mark{At: to, Since: closed.From, Tries: mark.Tries + 1, Snapshot: mark.Snapshot, Offsets: mark.Offsets}
		}
		if err := each(closed); err != nil {
			return err
		}
		mark = next
		if err := marks.Save(mark); err != nil {
			return fmt.Errorf("keeping up to where the books are closed: %w", err)
		}
	}
}

// here is where books begin that nobody kept before.
func here(ctx context.Context, f Flow) (Mark, error) {
	now := time.Now()
	_, owned, err := f.Sink(ctx)
	if err != nil {
		return Mark{}, err
	}
	if owned {
		id, err := f.Head(ctx)
		return Mark{At: now, Snapshot: id}, err
	}
	ends, err := f.Ends(ctx, now)
	return Mark{At: now, Offsets: ends}, err
}

// stretch closes the books from a mark up to a time.
func stretch(ctx context.Context, f Flow, mark Mark, to time.Time, o Options) (Closed, Mark, error) {
	closed := Closed{From: mark.At, To: to}
	if !mark.Since.IsZero() {
		closed.From = mark.Since
	}
	ends, err := f.Ends(ctx, to)
	if err != nil {
		return closed, mark, err
	}
	sink, waited := drained(ctx, f, ends, o)
	next := Mark{At: to}
	var w audit.Window
	if mark.Offsets == nil {
		if next.Snapshot, err = f.Head(ctx); err == nil {
			w, err = f.Between(ctx, mark.Snapshot, next.Snapshot)
		}
	} else {
		next.Offsets = maps.Clone(ends)
		w = audit.Window{Log: sources.RangesOf(mark.Offsets, ends)}
	}
	if err != nil {
		return closed, mark, err
	}
	w.Sink = sink
	closed.Report, err = run(ctx, f, w, waited, o)
	return closed, next, err
}
