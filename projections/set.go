package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/k2-platform/faultline/internal/lake"
)

// Topics names the topics that the tables are made from.
type Topics struct {
	Events       string
	Readings     string
	GroundTruth  string
	RecordLedger string
}

func (t Topics) all() []string { return []string{t.Events, t.Readings, t.GroundTruth, t.RecordLedger} }

// Set is all tables. Batch and Tick may be called while Flush runs, and by
// several goroutines as long as each partition has one; Truth and LedgerPage by one each.
type Set struct {
	topics Topics
	lake   *lake.Lake

	experiments *sink[ExperimentRow]
	events      *sink[EventRow]
	readings    *sink[ReadingRow]
	faults      *sink[FaultRow]
	verdicts    *sink[VerdictRow]
	ledger      *sink[LedgerRow]
	letters     *sink[LetterRow]
	checks      *sink[CheckRow]
	truth       *sink[TruthRow]
	lives       map[life]uint64 // the highest seq that Truth was handed
	closings    map[closing]written

	flushing sync.Mutex
	seat     seat // of whoever flushes
}

// anySink is a sink of any row.
type anySink interface {
	buffered() int
	watermark(topic string) map[int32]int64
	flush(ctx context.Context, topic string, next map[int32]int64, lazy int64) error
	standsBy() bool
	table() string
}

// Open opens the tables, and creates those that are missing.
func Open(ctx context.Context, l *lake.Lake, topics Topics) (*Set, error) {
	names := topics.all()
	if distinct := slices.Compact(slices.Sorted(slices.Values(names))); len(distinct) < len(names) || distinct[0] == "" {
		return nil, fmt.Errorf("opening projections: topics are %q: name four, as the log has them", names)
	}
	s := &Set{topics: topics, lake: l, lives: map[life]uint64{}, closings: map[closing]written{}, seat: seat{patience: Options{}.withDefaults().Patience}}
	var problems [9]error
	s.experiments, problems[0] = openSink(ctx, l, &s.seat, experimentTable())
	s.events, problems[1] = openSink(ctx, l, &s.seat, eventTable())
	s.readings, problems[2] = openSink(ctx, l, &s.seat, readingTable())
	s.faults, problems[3] = openSink(ctx, l, &s.seat, faultTable())
	s.verdicts, problems[4] = openSink(ctx, l, &s.seat, verdictTable())
	s.ledger, problems[5] = openSink(ctx, l, &s.seat, ledgerTable())
	s.letters, problems[8] = openSink(ctx, l, &s.seat, letterTable())
	s.checks, problems[6] = openSink(ctx, l, &s.seat, checkTable())
	s.truth, problems[7] = openSink(ctx, l, &s.seat, truthTable())
	if err := errors.Join(problems[:]...); err != nil {
		return nil, fmt.Errorf("opening projections: %w", err)
	}
	return s, nil
}

// fed lists the tables that are made from a topic.
func (s *Set) fed(topic string) []anySink {
	switch topic {
	case s.topics.Events:
		// The verdict comes last: who sees it finds its evidence there.
		return []anySink{s.events, s.experiments, s.faults, s.ledger, s.checks, s.verdicts}
	case s.topics.Readings:
		return []anySink{s.readings}
	case s.topics.GroundTruth:
		return []anySink{s.truth}
	case s.topics.RecordLedger:
		return []anySink{s.ledger, s.letters}
	}
	return nil
}

// From is where reading a topic has to begin so that no table misses a record:
// of each partition the lowest next offset among the tables. A partition that
// some table knows nothing of is not named: read it from its oldest record.
func (s *Set) From(topic string) map[int32]int64 { return fold(s.fed(topic), topic, lowest) }

// Reached is of each partition the highest next offset among the tables. A
// log that ends before it is not the one that the tables were made from.
func (s *Set) Reached(topic string) map[int32]int64 { return fold(s.fed(topic), topic, highest) }

func lowest(a, b int64) int64  { return min(a, b) }
func highest(a, b int64) int64 { return max(a, b) }

// fold drops partitions at 0, which is what a table says that has nothing.
func fold(tables []anySink, topic string, better func(a, b int64) int64) map[int32]int64 {
	partitions := map[int32]bool{}
	for _, t := range tables {
		for p := range t.watermark(topic) {
			partitions[p] = true
		}
	}
	out := map[int32]int64{}
	for p := range partitions {
		next := tables[0].watermark(topic)[p]
		for _, t := range tables[1:] {
			next = better(next, t.watermark(topic)[p])
		}
		if next > 0 {
			out[p] = next
		}
	}
	return out
}

// Batch keeps the rows of an accepted batch for the next Flush. A table that
// has the batch already gets nothing.
func (s *Set) Batch(b Batch) error {
	whole, err := Events(b)
	if err != nil {
		return err
	}
	s.events.add(whole)
	s.experiments.add(Experiments(b))
	s.faults.add(Faults(b))
	s.ledger.add(RecordLedger(b))
	s.checks.add(IntegrityChecks(b))
	s.verdicts.add(Verdicts(b))
	return nil
}

// Tick keeps the rows of a tick for the next Flush.
func (s *Set) Tick(t Tick) { s.readings.add(Readings(t)) }

// Buffered counts the rows that wait for a Flush.
func (s *Set) Buffered() int {
	n := 0
	for _, t := range s.all() {
		n += t.buffered()
	}
	return n
}

// all lists each table once.
func (s *Set) all() (tables []anySink) {
	for _, topic := range s.topics.all() {
		for _, t := range s.fed(topic) {
			if !slices.Contains(tables, t) {
				tables = append(tables, t)
			}
		}
	}
	return tables
}

// Flush commits, table by table, the rows of all records below the next
// offsets given by topic, each table's rows and offsets in one snapshot. A table
// without such rows is left alone until it is far behind: it lacks nothing.
// Another writer's rows are not written again; a table that another daemon
// writes is left to it, and Flush waits until it has the rows, or until that
// daemon was silent for so long that it is taken over. After an error the rows
// of the tables that failed are kept; Flush again writes them once. errStandby
// says that all of those are another daemon's.
func (s *Set) Flush(ctx context.Context, next map[string]map[int32]int64) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.seat.due()
	var problems []error
	for _, topic := range []string{s.topics.Readings, s.topics.GroundTruth, s.topics.RecordLedger, s.topics.Events} {
		for _, t := range s.fed(topic) {
			problems = append(problems, t.flush(ctx, topic, next[topic], lazyLag))
		}
	}
	if err := worst(problems); err != nil {
		return fmt.Errorf("writing projections: %w", err)
	}
	return nil
}

// worst leaves out what only stands by, unless that is all.
func worst(problems []error) error {
	own := slices.DeleteFunc(slices.Clone(problems), func(err error) bool { return errors.Is(err, errStandby) })
	if err := errors.Join(own...); err != nil {
		return err
	}
	return errors.Join(problems...)
}

// StandsBy says that another daemon writes some of the tables.
func (s *Set) StandsBy() bool {
	return slices.ContainsFunc(s.all(), anySink.standsBy)
}

// Level has every table of the events say in its watermark that it holds all
// below the next offsets given, also one that lacked no row. All records below
// them must have been handed to Batch.
func (s *Set) Level(ctx context.Context, events map[int32]int64) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.seat.due()
	var problems []error
	for _, t := range s.fed(s.topics.Events) {
		problems = append(problems, t.flush(ctx, s.topics.Events, events, 1))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("writing the watermarks of projections: %w", err)
	}
	return nil
}
