package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/spec"
)

// ErrForeignLog is returned for tables that are ahead of the log: it is not
// the one that they were made from, and its records would be left out.
var ErrForeignLog = errors.New("tables are ahead of the log")

var _ Log = (*bus.Bus)(nil)

// Log reads a topic from the given next offsets on, a partition that is not
// named from its oldest record, until ctx ends or each errs. bus.Bus is one.
type Log interface {
	Read(ctx context.Context, topic string, from map[int32]int64, each func([]bus.Record) error) error
	EndOffsets(ctx context.Context, topic string) (map[int32]int64, error)
}

// tables is what a Follower needs of a Set.
type tables interface {
	From(topic string) map[int32]int64
	Reached(topic string) map[int32]int64
	Batch(b Batch) error
	Tick(t Tick)
	Buffered() int
	Truth(ctx context.Context, t Truth) error
	LedgerPage(ctx context.Context, p LedgerPage) error
	ruling(ctx context.Context, id spec.ExperimentID) (ruling, error)
	Flush(ctx context.Context, next map[string]map[int32]int64) error
	Level(ctx context.Context, events map[int32]int64) error
	StandsBy() bool
}

// Follower reads the chaos log into a Set. Await may be called by any
// goroutine, Run once.
type Follower struct {
	log      Log
	tables   tables
	topics   Topics
	options  Options
	accepted *acceptor
	rulings  *rulings
	from     map[int32]int64 // where the events go on; see Resume
	place    *progress
	kick     chan struct{} // flush before the next beat
}

// NewFollower makes a Follower; Run starts it. Several processes may have one
// on the same tables: one of them writes each table, and another goes on when
// it falls silent.
func NewFollower(log Log, set *Set, o Options) *Follower {
	set.seat.patience = o.withDefaults().Patience
	return newFollower(log, set, set.topics, o)
}

func newFollower(log Log, t tables, topics Topics, o Options) *Follower {
	r := newRulings()
	f := &Follower{
		log: log, tables: t, topics: topics, options: o.withDefaults(), accepted: newAcceptor(r), rulings: r,
		place: newProgress(), kick: make(chan struct{}, 1),
	}
	for _, topic := range []string{topics.Readings, topics.GroundTruth, topics.RecordLedger} {
		f.place.begin(topic, t.From(topic))
	}
	return f
}

// Run follows the log until ctx ends, then writes what is left and returns
// nil. What is left to another daemon, which writes the tables, stays that one's.
// It returns early, with the error, when the log cannot be read. Rows
// that were not written are read again by the next Run of a new Follower.
func (f *Follower) Run(ctx context.Context) error {
	defer f.place.end()
	if err := f.checkLog(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // nothing was begun
		}
		return err
	}
	writing, stop := context.WithCancel(context.WithoutCancel(ctx)) // a commit outlives ctx
	defer stop()
	read := make(chan struct{})
	var written error
	var writer sync.WaitGroup
	writer.Go(func() { written = f.write(writing, read) })
	err := f.readAll(ctx)
	close(read)
	defer time.AfterFunc(f.options.Grace, stop).Stop()
	writer.Wait()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	return errors.Join(err, written)
}

// checkLog refuses a log that ends before what the tables have of it.
func (f *Follower) checkLog(ctx context.Context) error {
	for _, topic := range f.topics.all() {
		reached := f.tables.Reached(topic)
		if len(reached) == 0 {
			continue
		}
		ends, err := f.log.EndOffsets(ctx, topic)
		if err != nil {
			return fmt.Errorf("comparing the projections with the log: %w", err)
		}
		for p, next := range reached {
			if next > ends[p] {
				return fmt.Errorf("%w: %s/%d ends at %d, tables have all below %d: connect to the kafka that they were made from, or use another lake",
					ErrForeignLog, topic, p, ends[p], next)
			}
		}
	}
	return nil
}

// readAll reads all topics. Where one ends the others do.
func (f *Follower) readAll(ctx context.Context) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	var problems [4]error
	var readers sync.WaitGroup
	follow := func(i int, topic string, from map[int32]int64, each take) {
		readers.Go(func() {
			defer stop()
			err := f.log.Read(reading, topic, from, func(records []bus.Record) error { return f.feed(reading, records, each) })
			if err == nil {
				err = errors.New("the log ended")
			}
			problems[i] = fmt.Errorf("following %s: %w", topic, err)
		})
	}
	// Events are folded from the oldest record, or from where a snapshot stands:
	// only the whole log tells which batches were accepted. What the tables have
	// of them is not kept again.
	follow(0, f.topics.Events, f.from, f.event(f.accepted))
	follow(1, f.topics.Readings, f.tables.From(f.topics.Readings), f.reading)
	follow(2, f.topics.GroundTruth, f.tables.From(f.topics.GroundTruth), f.truth(reading))
	follow(3, f.topics.RecordLedger, f.tables.From(f.topics.RecordLedger), f.ledgerPage(reading))
	readers.Wait()
	// The one that did not only follow the others tells why.
	cause := slices.DeleteFunc(problems[:], func(err error) bool { return errors.Is(err, context.Canceled) && ctx.Err() == nil })
	return errors.Join(cause...)
}
