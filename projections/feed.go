package projections

import (
	"context"
	"fmt"
	"slices"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/pause"
)

// take hands one record's rows to the tables, and says whether they are to be
// written soon.
type take func(bus.Record) (urgent bool, err error)

func (f *Follower) feed(ctx context.Context, records []bus.Record, each take) error {
	for _, rec := range records {
		if err := f.room(ctx); err != nil {
			return err
		}
		urgent, err := each(rec)
		if err != nil {
			return err
		}
		f.place.fed(rec)
		if urgent || f.tables.Buffered() >= f.options.Commit { // only now does a flush cover it
			f.flushSoon()
		}
	}
	return nil
}

// room waits until rows may be added.
func (f *Follower) room(ctx context.Context) error {
	for {
		changed := f.place.watch()
		if f.tables.Buffered() < f.options.Rows {
			return nil
		}
		f.flushSoon()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *Follower) event(a *acceptor) take {
	return func(rec bus.Record) (bool, error) {
		b, ok, err := a.read(rec)
		if err != nil {
			f.skipped(rec, err)
		}
		if !ok {
			return false, nil
		}
		if err := f.tables.Batch(b); err != nil {
			return false, fmt.Errorf("projecting offset %d of %s/%d: %w", rec.Offset, rec.Topic, rec.Partition, err)
		}
		return slices.ContainsFunc(b.Batch.Events, concluded), nil
	}
}

func concluded(e events.Event) bool {
	_, ok := e.(events.Concluded)
	return ok
}

func (f *Follower) reading(rec bus.Record) (bool, error) {
	t, err := handlers.ReadTick(rec)
	if err != nil {
		f.skipped(rec, err)
		return false, nil
	}
	f.tables.Tick(Tick{Tick: t, Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset})
	return false, nil
}

// truth hands on what faults touched.
func (f *Follower) truth(ctx context.Context) take {
	return func(rec bus.Record) (bool, error) {
		fact, err := handlers.ReadTruth(rec)
		if err != nil {
			f.skipped(rec, err)
			return false, nil
		}
		t := Truth{Fact: fact, Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset}
		return false, f.untilTaken(ctx, rec.Topic, func() error { return f.tables.Truth(ctx, t) })
	}
}

// ledgerPage hands on single records and dead letters of a closing of books, once
// it is known that it counts: pages that do not are in no table. Until then it
// reads no further.
func (f *Follower) ledgerPage(ctx context.Context) take {
	return func(rec bus.Record) (bool, error) {
		page, err := handlers.ReadLedgerPage(rec)
		if err != nil {
			f.skipped(rec, err)
			return false, nil
		}
		counts, err := f.ruling(ctx, page.Experiment)
		if err != nil {
			return false, err
		}
		if counts.closing != page.Closing {
			f.options.Log.Info("left out a page of books that were closed otherwise", "experiment", page.Experiment, "closing", page.Closing, "page", page.Seq)
			return false, nil
		}
		p := LedgerPage{Page: page, Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset}
		return page.Seq == counts.pages, f.untilTaken(ctx, rec.Topic, func() error { return f.tables.LedgerPage(ctx, p) })
	}
}

// untilTaken hands on until ctx ends, where a table cannot be asked how far it is.
func (f *Follower) untilTaken(ctx context.Context, topic string, hand func() error) error {
	for wait := firstPause; ; wait = min(2*wait, maxPause) {
		err := hand()
		if err == nil {
			return nil
		}
		f.options.Log.Error("projecting failed; trying again", "topic", topic, "pause", wait, "error", err)
		if !pause.For(ctx, wait) {
			return ctx.Err()
		}
	}
}

func (f *Follower) skipped(rec bus.Record, err error) {
	f.options.Log.Warn("left a record out of the tables", "topic", rec.Topic, "partition", rec.Partition, "offset", rec.Offset, "error", err)
}

func (f *Follower) flushSoon() {
	select {
	case f.kick <- struct{}{}:
	default: // it is asked for already
	}
}
