package projections

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/k2-platform/faultline/internal/failpoint"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/pause"
)

const (
	// staleTries is how often rows are tried again on top of another writer's.
	staleTries = 5
	// lazyLag is how many records without a row of theirs a table may be behind
	// before its watermark is moved in a commit of its own.
	lazyLag = 10_000
)

// sink is one table with the rows that it lacks.
type sink[R row] struct {
	into rows[R]
	name string
	seat *seat

	standby atomic.Bool // another writes the table

	mu   sync.Mutex
	mark lake.Watermark // of the table, as last seen
	rows []R            // in the log's order for one partition
}

// rows is the table of a sink. lake.Table is one.
type rows[R row] interface {
	Append(ctx context.Context, rows []R, from, to lake.Watermark) (lake.Snapshot, error)
	Head(ctx context.Context) (lake.Head, error)
}

// openSink opens the table for whoever sits on seat.
func openSink[R row](ctx context.Context, l *lake.Lake, seat *seat, d lake.Definition[R]) (*sink[R], error) {
	table, err := lake.OpenTable(ctx, l, d)
	if err != nil {
		return nil, err
	}
	s := &sink[R]{into: table, name: d.Name, seat: seat}
	if _, err := s.reload(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// add keeps the rows that the table lacks.
func (s *sink[R]) add(rows []R) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		if s.lacks(r.from()) {
			s.rows = append(s.rows, r)
		}
	}
}

func (s *sink[R]) lacks(from Source) bool { return from.Offset >= s.mark[partitionOf(from)] }

func partitionOf(from Source) lake.Partition {
	return lake.Partition{Topic: from.Topic, Partition: from.Partition}
}

func (s *sink[R]) buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows)
}

// watermark is how far the table is with a topic that feeds it.
func (s *sink[R]) watermark(topic string) map[int32]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[int32]int64{}
	for p, next := range s.mark {
		if p.Topic == topic {
			out[p.Partition] = next
		}
	}
	return out
}

// flush has the rows below next of a topic, and next, in the table: it commits them in one
// snapshot, or waits for whoever writes the table to do so. Without rows it
// moves the watermark only where the table is lazy records behind; that takes
// the table from nobody. Only one flush runs at a time; rows may be added
// meanwhile.
func (s *sink[R]) flush(ctx context.Context, topic string, next map[int32]int64, lazy int64) error {
	for range staleTries {
		rows, from, to := s.due(topic, next)
		if len(rows) == 0 && lag(from, to) < lazy {
			return nil
		}
		if len(rows) > 0 && s.standby.Load() {
			if err := s.outwait(ctx, topic, next); err != nil {
				return err
			}
			continue
		}
		failpoint.Reach(failpoint.RowsReady)
		_, err := s.into.Append(ctx, rows, from, to)
		if err == nil {
			failpoint.Reach(failpoint.RowsCommitted)
			s.landed(to)
			return nil
		}
		if !errors.Is(err, lake.ErrStale) {
			return err
		}
		own, err := s.reload(ctx)
		if err != nil {
			return err
		}
		s.standby.Store(!own)
		s.seat.heard()
	}
	return fmt.Errorf("appending to %s.%s: another writer was first %d times, and did not go on: are there more than two daemons?",
		Namespace, s.name, staleTries)
}

// outwait returns once the rows below next are in the table, or whoever writes
// it has been silent for so long that the next append is ours. It gives
// errStandby when ctx ends before that.
func (s *sink[R]) outwait(ctx context.Context, topic string, next map[int32]int64) error {
	for {
		before := s.watermark(topic)
		own, err := s.reload(ctx)
		if err != nil {
			return err
		}
		if rows, _, _ := s.due(topic, next); len(rows) == 0 || own {
			s.standby.Store(!own)
			return nil
		}
		if !maps.Equal(before, s.watermark(topic)) {
			s.seat.heard()
		}
		if s.seat.silent() {
			s.standby.Store(false)
			return nil
		}
		if !pause.For(ctx, s.seat.look()) {
			return fmt.Errorf("%w on %s.%s", errStandby, Namespace, s.name)
		}
	}
}

func (s *sink[R]) table() string { return s.name }

func (s *sink[R]) standsBy() bool { return s.standby.Load() }

// due copies what the next commit holds: rows, the watermark that they follow
// and the one that they lead to.
func (s *sink[R]) due(topic string, next map[int32]int64) (rows []R, from, to lake.Watermark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, to = maps.Clone(s.mark), maps.Clone(s.mark)
	for p, offset := range next {
		place := lake.Partition{Topic: topic, Partition: p}
		to[place] = max(to[place], offset)
	}
	for _, r := range s.rows {
		if r.from().Offset < to[partitionOf(r.from())] {
			rows = append(rows, r)
		}
	}
	return rows, from, to
}

func lag(from, to lake.Watermark) int64 {
	var n int64
	for p, next := range to {
		n += next - from[p]
	}
	return n
}

// landed takes over a watermark that is in the table.
func (s *sink[R]) landed(mark lake.Watermark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mark = mark
	var rest []R // a new array: the rows that went are let go
	for _, r := range s.rows {
		if s.lacks(r.from()) {
			rest = append(rest, r)
		}
	}
	s.rows = rest
}

// reload asks the table how far it is: it may be another writer, or a commit
// of our own whose answer was lost. It says whether the newest rows are ours.
func (s *sink[R]) reload(ctx context.Context) (own bool, err error) {
	head, err := s.into.Head(ctx)
	if err != nil {
		return false, fmt.Errorf("reading the watermark of %s.%s: %w", Namespace, s.name, err)
	}
	s.landed(head.Watermark)
	return head.Own, nil
}
