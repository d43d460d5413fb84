package checkpoint

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/pack"
)

const (
	maxPartition = math.MaxInt32
	maxOffset    = math.MaxInt
)

// Source is the log that a checkpoint stands for; bus.Bus is one.
type Source interface {
	handlers.Reader
	StartOffsets(ctx context.Context, topic string) (map[int32]int64, error)
	// Identity is another one for each topic that ever was.
	Identity(ctx context.Context, topic string) (string, error)
}

// origin is how a log is known again: by its identity, by where its partitions
// begin, and by the last record of each that the checkpoint stands for. Two
// equal origins are of one log up to one place.
type origin struct {
	identity   string
	topic      string
	partitions []partition // by number, all that there are
}

type partition struct {
	number      int32
	start, next int64
	last        [sha256.Size]byte // of the record before next
}

// originOf describes the log up to next. It fails where the log does not hold
// the records right before next.
func originOf(ctx context.Context, log Source, topic string, next map[int32]int64) (origin, error) {
	o := origin{topic: topic}
	var err error
	if o.identity, err = log.Identity(ctx, topic); err != nil {
		return origin{}, err
	}
	starts, err := log.StartOffsets(ctx, topic)
	if err != nil {
		return origin{}, err
	}
	ends, err := log.EndOffsets(ctx, topic)
	if err != nil {
		return origin{}, err
	}
	from, to := map[int32]int64{}, map[int32]int64{}
	for p, n := range next {
		start, known := starts[p]
		if n > ends[p] || !known || n <= start {
			return origin{}, fmt.Errorf("partition %d of %s holds offsets %d to %d, and not the one before %d", p, topic, start, ends[p], n)
		}
		from[p], to[p] = n-1, n
	}
	last := map[int32][sha256.Size]byte{}
	err = log.ReadTo(ctx, topic, from, to, func(records []bus.Record) error {
		for _, rec := range records {
			last[rec.Partition] = printOf(rec)
		}
		return nil
	})
	if err != nil {
		return origin{}, err
	}
	for _, p := range slices.Sorted(maps.Keys(starts)) {
		at := partition{number: p, start: starts[p], next: next[p], last: last[p]}
		if at.next == 0 {
			at.next = at.start // nothing was read
		} else if _, ok := last[p]; !ok {
			return origin{}, fmt.Errorf("offset %d of partition %d of %s is no record", at.next-1, p, topic)
		}
		o.partitions = append(o.partitions, at)
	}
	return o, nil
}

// printOf tells a record from any other that could be in its place.
func printOf(rec bus.Record) [sha256.Size]byte {
	var w pack.Writer
	w.Time(rec.Time)
	w.Text(string(rec.Key))
	w.Text(string(rec.Value))
	for _, name := range slices.Sorted(maps.Keys(rec.Headers)) {
		w.Text(name)
		w.Text(rec.Headers[name])
	}
	return sha256.Sum256(w.Out)
}

// next leaves out partitions of which nothing was read.
func (o origin) next() map[int32]int64 {
	out := map[int32]int64{}
	for _, p := range o.partitions {
		if p.next > p.start {
			out[p.number] = p.next
		}
	}
	return out
}

func (o origin) equal(other origin) bool {
	return o.identity == other.identity && o.topic == other.topic && slices.Equal(o.partitions, other.partitions)
}

func (o origin) pack(w *pack.Writer) {
	w.Text(o.identity)
	w.Text(o.topic)
	w.Number(uint64(len(o.partitions)))
	for _, p := range o.partitions {
		w.Number(uint64(p.number)) //nolint:gosec // never negative
		w.Number(uint64(p.start))  //nolint:gosec // never negative
		w.Number(uint64(p.next))   //nolint:gosec // never negative
		w.Text(string(p.last[:]))
	}
}

func readOrigin(r *pack.Reader) origin {
	o := origin{identity: r.Text(), topic: r.Text()}
	for range r.Count() {
		p := partition{number: int32(r.UpTo(maxPartition)), start: int64(r.UpTo(maxOffset)), next: int64(r.UpTo(maxOffset))} //nolint:gosec // at most maxPartition
		copy(p.last[:], r.Text())
		if !r.Good() {
			return origin{}
		}
		o.partitions = append(o.partitions, p)
	}
	return o
}
