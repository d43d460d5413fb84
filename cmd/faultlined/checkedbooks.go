package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// leastForChecks is what the checks get where closing the books took all their time.
const leastForChecks = 10 * time.Second

// checkedBooks has the integrity checks look at the table once the books are
// closed: at what was written to it since they were opened.
type checkedBooks struct {
	conduct.Books
	list  []checks.Check
	input func(closed events.BooksClosed) checks.Input
	// compare adds the checks that hold log and table against each other, and what
	// they read; done ends that. nil adds none.
	compare func(ctx context.Context, closed events.BooksClosed, did bookkeeping.Touched, in *checks.Input) (list []checks.Check, done func())
}

// Close implements conduct.Books.
func (b checkedBooks) Close(
	ctx context.Context, from events.BookMark, during int64, wait time.Duration, touched func() bookkeeping.Touched,
) events.BooksClosed {
	began := time.Now()
	var did bookkeeping.Touched
	closed := b.Books.Close(ctx, from, during, wait, func() bookkeeping.Touched {
		did = touched()
		return did
	})
	ctx, cancel := context.WithTimeout(ctx, max(wait-time.Since(began), leastForChecks))
	defer cancel()
	list, in := b.list, b.input(closed)
	if b.compare != nil {
		more, done := b.compare(ctx, closed, did, &in)
		defer done()
		list = slices.Concat(list, more)
	}
	closed.Checks = checks.Run(ctx, list, in)
	return closed
}

// atClose are the checks that an experiment's books are closed with. They need
// no mapping, and what they find is of the experiment's own window.
func atClose() []checks.Check {
	return []checks.Check{checks.Chain{}, checks.Files{}, checks.Offsets{}, checks.Unique{}}
}

func checkInput(t storedTrades, s sourceTopic) func(events.BooksClosed) checks.Input {
	return func(closed events.BooksClosed) checks.Input {
		return checks.Input{
			Name: t.books.Namespace + "." + t.books.Table, Key: []string{t.books.Key}, After: closed.From.Snapshot,
			Rows: newKeys{t.lake, t.books, closed.From.Snapshot, closed.To.Snapshot},
			Table: func(ctx context.Context) (*lake.Anatomy, error) {
				return t.lake.Anatomy(ctx, t.books.Namespace, t.books.Table)
			},
			Offsets: s.places, Clock: time.Now, Note: s.note,
		}
	}
}

// note says which check has nothing to say, and why.
func (s sourceTopic) note(check string, why error) {
	s.log.Info("a check is left out", "check", check, "table", s.books.Namespace+"."+s.books.Table, "why", why)
}

// places reads where the source topic begins and ends, and what the sink's group
// has committed of it, where the books name the group.
func (s sourceTopic) places(ctx context.Context) (checks.Places, error) {
	out := checks.Places{Topic: s.books.Topic}
	err := s.with(func(b *bus.Bus) (err error) {
		if s.books.Group != "" {
			if out.Committed, err = b.CommittedBy(ctx, s.books.Group, s.books.Topic); err != nil {
				return err
			}
		}
		if out.Start, err = b.StartOffsets(ctx, s.books.Topic); err != nil {
			return err
		}
		out.End, err = b.EndOffsets(ctx, s.books.Topic)
		return err
	})
	return out, err
}

// newKeys are the keys of the rows that were written between two snapshots.
type newKeys struct {
	lake  *lake.Lake
	books spec.Books
	after int64
	to    int64
}

// Read implements checks.Side.
func (k newKeys) Read(ctx context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	if k.to == 0 {
		return checks.Cost{}, fmt.Errorf("the books were closed without a snapshot of %s.%s", k.books.Namespace, k.books.Table)
	}
	each, cost := worker(), checks.Cost{}
	var key []byte
	options := lake.ScanOptions{Columns: []string{k.books.Key}, After: k.after, SnapshotID: k.to}
	err := k.lake.Scan(ctx, k.books.Namespace, k.books.Table, options, func(r lake.Row) error {
		cost.Rows++
		if text, ok := r.Text(k.books.Key); ok {
			key = digest.AppendText(key[:0], text)
		} else {
			key = digest.AppendNull(key[:0])
		}
		return each(checks.Record{Key: key})
	})
	return cost, err
}
