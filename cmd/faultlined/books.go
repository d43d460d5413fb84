package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/handlers/bookkeeping/pages"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

// openBooks finds the account of a platform by its name.
func openBooks(l *lake.Lake, to *bus.Bus, log *slog.Logger) func(spec.Platform, string, spec.ExperimentID) (conduct.Books, error) {
	return func(p spec.Platform, name string, id spec.ExperimentID) (conduct.Books, error) {
		b, err := oneBooks(p, name)
		if err != nil {
			return nil, err
		}
		table, topic := storedTrades{l, b}, sourceTopic{b, log}
		keeper := bookkeeping.New(b, table, topic)
		if b.Mapping != nil {
			keeper.Auditor = recordLedger{l, b, log, writerOf(to, b, id)}
		}
		var books conduct.Books = keeper
		if !b.Tags.Off {
			books = taggedBooks{Books: keeper, experiment: id, tag: tagIn(l, b), log: log}
		}
		checked := checkedBooks{Books: books, list: atClose(), input: checkInput(table, topic)}
		if b.Mapping != nil {
			checked.compare = comparison{l, b, log}.compare
		}
		return checked, nil
	}
}

// writerOf makes what one closing of an experiment's books writes single records
// with.
func writerOf(to *bus.Bus, b spec.Books, id spec.ExperimentID) func() *pages.Writer {
	out := handlers.LedgerPages{Publisher: to.Publisher(), Topic: to.Topics().RecordLedger}
	return func() *pages.Writer {
		return &pages.Writer{
			Experiment: id, Closing: rand.Text(), Topic: b.Topic, Most: to.MaxMessageBytes(), Publish: out.Publish, Clock: time.Now,
		}
	}
}

// storedTrades is the table that the platform's records end up in.
type storedTrades struct {
	lake  *lake.Lake
	books spec.Books
}

func (t storedTrades) Snapshot(ctx context.Context) (int64, error) {
	info, err := t.lake.Inspect(ctx, t.books.Namespace, t.books.Table)
	if errors.Is(err, lake.ErrNoTable) {
		return 0, nil
	}
	return info.ID, err
}

func (t storedTrades) Stored(ctx context.Context) (map[int32]int64, error) {
	w, err := t.lake.Watermark(ctx, t.books.Namespace, t.books.Table)
	if err != nil {
		return nil, err
	}
	out := map[int32]int64{}
	for p, next := range w {
		if p.Topic == t.books.Topic {
			out[p.Partition] = next
		}
	}
	return out, nil
}

func (t storedTrades) Rows(ctx context.Context, snapshot int64, each func(string, []string)) error {
	values := make([]string, len(t.books.Compare))
	return t.lake.Scan(ctx, t.books.Namespace, t.books.Table,
		lake.ScanOptions{Columns: append([]string{t.books.Key}, t.books.Compare...), SnapshotID: snapshot}, func(r lake.Row) error {
			key, ok := r.Text(t.books.Key)
			if !ok {
				return fmt.Errorf("a row has no %s", t.books.Key)
			}
			for i, column := range t.books.Compare {
				values[i], _ = r.Text(column) // null is not what was sent, either
			}
			each(key, values)
			return nil
		})
}

// sourceTopic is the platform's own Kafka, which may be away: it is asked with
// a connection of its own each time.
type sourceTopic struct {
	books spec.Books
	log   *slog.Logger
}

func (s sourceTopic) Ends(ctx context.Context) (ends map[int32]int64, err error) {
	err = s.with(func(b *bus.Bus) error {
		ends, err = b.EndOffsets(ctx, s.books.Topic)
		return err
	})
	return ends, err
}

func (s sourceTopic) Letters(ctx context.Context, each func(bookkeeping.Place)) error {
	return s.with(func(b *bus.Bus) error {
		ends, err := b.EndOffsets(ctx, s.books.DeadLetters)
		if err != nil {
			return err
		}
		return b.ReadTo(ctx, s.books.DeadLetters, nil, ends, func(records []bus.Record) error {
			for _, rec := range records {
				if at, ok := placeOf(rec, s.books.Topic); ok {
					each(at)
				}
			}
			return nil
		})
	})
}

// placeOf reads where a dead letter stood in the source topic.
func placeOf(rec bus.Record, topic string) (bookkeeping.Place, bool) {
	partition, perr := strconv.ParseInt(rec.Headers[bus.HeaderPartition], 10, 32)
	offset, oerr := strconv.ParseInt(rec.Headers[bus.HeaderOffset], 10, 64)
	return bookkeeping.Place{Partition: int32(partition), Offset: offset},
		perr == nil && oerr == nil && rec.Headers[bus.HeaderTopic] == topic
}

func (s sourceTopic) with(do func(*bus.Bus) error) error {
	var problem error
	for range 3 { // a broker that has just come back may refuse the first
		b, err := bus.Open(bus.Config{Brokers: s.books.Brokers}, s.log)
		if err == nil {
			return errors.Join(do(b), b.Close())
		}
		problem = err
		time.Sleep(200 * time.Millisecond)
	}
	return problem
}
