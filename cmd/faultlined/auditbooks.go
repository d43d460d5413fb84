package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/handlers/bookkeeping/pages"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// namedRecords is how many records of each class an event names: enough to look
// at. All of them are on the pages.
const namedRecords = 10

// recordLedger puts the records of an experiment into classes, by the mapping of
// its books.
type recordLedger struct {
	lake  *lake.Lake
	books spec.Books
	log   *slog.Logger
	// writer makes what one closing writes single records with.
	writer func() *pages.Writer
}

// Audit implements bookkeeping.Auditor.
func (a recordLedger) Audit(ctx context.Context, w bookkeeping.Window) events.RecordLedger {
	var r audit.Report
	to := a.writer()
	b, err := bus.Open(bus.Config{Brokers: a.books.Brokers}, a.log)
	if err == nil {
		r, err = a.report(ctx, b, w, to)
		err = errors.Join(err, b.Close())
	}
	out := ledgerOf(r)
	written, left := to.End(ctx)
	out.Pages = written
	if err = errors.Join(err, left); err != nil {
		out.Complete, out.Why = false, err.Error()
	}
	return out
}

func (a recordLedger) report(ctx context.Context, b *bus.Bus, w bookkeeping.Window, to audit.Out) (audit.Report, error) {
	p, err := sources.Open(ctx, a.books, b, a.lake)
	if errors.Is(err, lake.ErrNoTable) && len(w.Receipts) == 0 && w.From.Snapshot == 0 {
		return audit.Report{}, nil // nothing was sent, and there is no table yet
	}
	if err != nil {
		return audit.Report{}, err
	}
	window, more, err := a.window(ctx, p, w)
	if err != nil {
		return audit.Report{}, err
	}
	c := p.Audit(window)
	c.Examples, c.Out = namedRecords, to
	c.Truth = touched(w.Touched)
	if p.TextKey() {
		c.Receipts = receiptsIn{w.Receipts, window.Log}
	}
	r, err := audit.Run(ctx, c)
	if err == nil {
		more.hold(&r)
	}
	return r, err
}

// window is what the sink wrote between the marks. Only the snapshot at the close
// has to be there: without another the rows are those of the log's records, or of
// the receipts'.
func (a recordLedger) window(ctx context.Context, p *sources.Platform, w bookkeeping.Window) (audit.Window, *growth, error) {
	window, err := p.Between(ctx, w.From.Snapshot, w.To.Snapshot)
	switch {
	case errors.Is(err, lake.ErrNoSnapshot) || err == nil && len(window.Log) == 0:
		// Nothing says which offsets the rows are of: the receipts do.
		return audit.Window{Log: placesOf(w.Receipts), Snapshot: w.To.Snapshot}, nil, nil
	case err != nil || window.After == 0:
		return window, nil, err
	}
	table, err := a.lake.Anatomy(ctx, a.books.Namespace, a.books.Table)
	if err != nil {
		return window, nil, err
	}
	if more := expiredBetween(table, window.After, window.Snapshot); more != nil {
		return audit.Window{Log: window.Log, Snapshot: window.Snapshot}, more, nil
	}
	return window, nil, nil
}

// placesOf are the offsets from the first record of receipts to their last.
func placesOf(receipts []bookkeeping.Receipt) []audit.Range {
	begin, end := map[int32]int64{}, map[int32]int64{}
	for _, r := range receipts {
		p, o := r.Place.Partition, r.Place.Offset
		if o < 0 {
			continue
		}
		if first, ok := begin[p]; !ok || o < first {
			begin[p] = o
		}
		end[p] = max(end[p], o+1)
	}
	return sources.RangesOf(begin, end)
}

// receiptsIn are those of a window of the log. One from before it is of a record
// that the table had already when the books were opened.
type receiptsIn struct {
	all []bookkeeping.Receipt
	log []audit.Range
}

// Receipts implements audit.Receipts.
func (r receiptsIn) Receipts(_ context.Context, each func(audit.Said) error) error {
	begin := map[int32]int64{}
	for _, l := range r.log {
		begin[l.Partition] = l.From
	}
	var key []byte
	for _, one := range r.all {
		if one.Place.Offset >= 0 && one.Place.Offset < begin[one.Place.Partition] {
			continue
		}
		key = digest.AppendText(key[:0], one.Key)
		said := audit.Said{Key: key, State: auditing.StateOf(one.State), At: audit.Place{Partition: one.Place.Partition, Offset: one.Place.Offset}}
		if err := each(said); err != nil {
			return err
		}
	}
	return nil
}

// touched is what faults did, by place.
type touched map[bookkeeping.Place]bookkeeping.Touch

// Touched implements audit.Truth.
func (t touched) Touched(_ context.Context, each func(audit.Place, audit.Change) error) error {
	for at, did := range t {
		change := audit.Untouched
		switch did {
		case bookkeeping.Changed:
			change = audit.ChangedInLog
		case bookkeeping.Misread:
			change = audit.ChangedOnRead
		case bookkeeping.Passed:
		}
		if err := each(audit.Place{Partition: at.Partition, Offset: at.Offset}, change); err != nil {
			return err
		}
	}
	return nil
}

// ledgerOf is a report as an event has it.
func ledgerOf(r audit.Report) events.RecordLedger {
	out := events.RecordLedger{
		Records: r.Records, Rows: r.Rows, Letters: r.Letters, Unknown: r.Unknown, Reasons: r.Reasons,
		Complete: r.Conclusive(), Why: r.Why(), Classes: map[string]int64{},
	}
	for c, n := range r.Counts {
		out.Classes[c.String()] = n
	}
	for _, c := range slices.Sorted(maps.Keys(r.Examples)) {
		for _, e := range r.Examples[c] {
			out.Examples = append(out.Examples, pages.RecordOf(c, e))
		}
	}
	return out
}
