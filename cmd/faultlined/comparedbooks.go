package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/spec"
)

// mostCompared is how many records of an experiment are compared as a whole when
// its books are closed. Its ledger has looked at each of them by then; of more,
// faultline checks does it at leisure.
const mostCompared = 2_000_000

// comparison holds log and table against each other as books are closed.
type comparison struct {
	lake  *lake.Lake
	books spec.Books
	log   *slog.Logger
}

// compare is that of checkedBooks. A source that cannot be opened makes its
// checks unknown; that they have nothing to compare leaves them out.
func (c comparison) compare(ctx context.Context, closed events.BooksClosed, did bookkeeping.Touched, in *checks.Input) ([]checks.Check, func()) {
	list, drift := sources.Comparing(c.books), sources.DriftOf(*c.books.Mapping)
	drift.Wider = true // a mapping of some columns refutes no experiment
	b, err := bus.Open(bus.Config{Brokers: c.books.Brokers}, c.log)
	if err != nil {
		unread(in, err)
		return append(list, drift), func() {}
	}
	done := func() {
		if err := b.Close(); err != nil {
			c.log.Warn("closing the connection of the checks", "error", err)
		}
	}
	p, err := sources.Open(ctx, c.books, b, c.lake)
	if errors.Is(err, lake.ErrNoTable) {
		return nil, done // what the others say
	}
	list = append(list, drift)
	if err != nil {
		unread(in, err)
		return list, done
	}
	w, err := p.During(ctx, closed.From.Snapshot, closed.To.Snapshot)
	compared := p.Compare(w, touched(did[c.books.Topic]))
	if n := compared.Records(); err == nil && n > mostCompared {
		err = fmt.Errorf("%w while experiments end: %d records, at most %d; faultline checks does it", sources.ErrNoWindow, n, mostCompared)
	}
	if errors.Is(err, sources.ErrNoWindow) {
		for _, check := range list[:len(list)-1] {
			in.Note(check.Name(), err)
		}
		return list[len(list)-1:], done
	}
	if err != nil {
		unread(in, err)
		return list, done
	}
	own := compared.Input()
	in.Key, in.Columns, in.Log, in.Rows, in.All = own.Key, own.Columns, own.Log, own.Rows, own.All
	return list, done
}

// unread has the checks say why they could not read what they compare. The keys
// of the table are read all the same.
func unread(in *checks.Input, why error) {
	in.All, in.Log, in.Rows = in.Rows, away{why}, away{why}
}

// away is a side that could not be opened.
type away struct{ why error }

// Read implements checks.Side.
func (a away) Read(context.Context, func() func(checks.Record) error) (checks.Cost, error) {
	return checks.Cost{}, a.why
}
