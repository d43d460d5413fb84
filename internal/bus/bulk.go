package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// bulkFetch bounds what is under way of one partition, as it is compressed.
	bulkFetch = 2 << 20
	// bulkPatience is how long nothing may come before a bulk read gives up.
	bulkPatience = time.Minute
)

// Raw is one record of a bulk read. Its key and value are valid during the call
// that it is handed to.
type Raw struct {
	Offset int64
	Millis int64 // since 1970, by the publisher's or the broker's clock
	Key    []byte
	Value  []byte
}

// Hole is a range of offsets, without To, whose records are no longer there.
type Hole struct{ From, To int64 }

// Committed returns of each partition the offset after the last record that
// is not of an open transaction: as far as a bulk read goes.
func (b *Bus) Committed(ctx context.Context, topic string) (map[int32]int64, error) {
	return b.offsets(ctx, topic, "committed", b.admin.ListCommittedOffsets)
}

// ReadPartition hands on the records of one partition from an offset up to,
// and without, another, in bulk and in their order. Records of aborted
// transactions are left out. It does not stop at records that retention
// removed before they were read, nor at a gap of a compacted topic: it goes on
// behind them and returns the holes. A partition that gives nothing for a
// minute is an error; it comes with the holes until then and the offset from
// which nothing was read.
//
// Several partitions may be read at once. An error of each ends the read and is
// returned; nobody keeps the slice.
func (b *Bus) ReadPartition(
	ctx context.Context, topic string, partition int32, from, to int64, each func([]Raw) error,
) (holes []Hole, next int64, err error) {
	r := &bulk{bus: b, topic: topic, partition: partition, next: from, to: to, each: each, patience: bulkPatience}
	err = r.run(ctx)
	return r.holes, r.next, err
}

// bulk is one run of ReadPartition.
type bulk struct {
	bus       *Bus
	topic     string
	partition int32
	next, to  int64
	each      func([]Raw) error
	patience  time.Duration
	holes     []Hole
	raw       []Raw
	compacted *bool
}

// errMoved says that the place to read from was set anew.
var errMoved = errors.New("reading elsewhere")

func (r *bulk) run(ctx context.Context) error {
	if r.next >= r.to {
		return nil
	}
	if err := r.skipGone(ctx); err != nil {
		return err
	}
	for r.next < r.to {
		if err := r.session(ctx); err != nil && !errors.Is(err, errMoved) {
			return err
		}
	}
	return nil
}

// skipGone moves to the oldest record that is left; what lies before is a hole.
func (r *bulk) skipGone(ctx context.Context) error {
	starts, err := r.bus.StartOffsets(ctx, r.topic)
	if err != nil {
		return err
	}
	start, ok := starts[r.partition]
	if !ok {
		return fmt.Errorf("reading %s/%d: there is no such partition", r.topic, r.partition)
	}
	r.hole(min(start, r.to))
	return nil
}

// hole notes that nothing is left up to an offset.
func (r *bulk) hole(to int64) {
	if to <= r.next {
		return
	}
	r.holes = append(r.holes, Hole{From: r.next, To: to})
	r.next = to
}

// session reads with one client.
func (r *bulk) session(ctx context.Context) error {
	client, err := r.bus.franz(
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.topic: {r.partition: kgo.NewOffset().At(r.next)}}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.KeepControlRecords(), // an aborted transaction ends in one
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(readWait),
		kgo.FetchMaxBytes(bulkFetch), kgo.FetchMaxPartitionBytes(bulkFetch),
		kgo.WithPools(newPool()),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	last := time.Now()
	for r.next < r.to {
		wait, stop := context.WithDeadline(ctx, last.Add(r.patience))
		fetches := client.PollFetches(wait)
		stop()
		if err := ctx.Err(); err != nil {
			return err
		}
		before := r.next
		if err := r.take(ctx, fetches); err != nil {
			return err
		}
		problem := fetches.Err0()
		if problem != nil && !errors.Is(problem, context.DeadlineExceeded) {
			if err := r.judge(ctx, problem); err != nil {
				return err
			}
		}
		if r.next > before {
			last = time.Now()
		} else if time.Since(last) >= r.patience {
			return r.silent(ctx, problem)
		}
	}
	return nil
}

// silent says why nothing came.
func (r *bulk) silent(ctx context.Context, problem error) error {
	ends, err := r.bus.EndOffsets(ctx, r.topic)
	if end, ok := ends[r.partition]; err == nil && ok && end < r.to {
		return fmt.Errorf("reading %s/%d: the log ends at offset %d, and had to reach %d: it was cut short, or the topic made anew", r.topic, r.partition, end, r.to)
	}
	if problem == nil || errors.Is(problem, context.DeadlineExceeded) {
		problem = context.DeadlineExceeded
	}
	return fmt.Errorf("reading %s/%d: nothing came from offset %d on for %s, though the log has up to %d: %w",
		r.topic, r.partition, r.next, r.patience, r.to, problem)
}

// take hands on what was fetched, and gives its memory back.
func (r *bulk) take(ctx context.Context, fetches kgo.Fetches) (err error) {
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		if err == nil {
			err = r.records(ctx, f.Records)
		}
		for _, rec := range f.Records {
			rec.Recycle()
		}
	})
	return err
}

func (r *bulk) records(ctx context.Context, records []*kgo.Record) error {
	r.raw = r.raw[:0]
	for _, rec := range records {
		if rec.Offset < r.next {
			continue
		}
		if rec.Offset > r.next {
			if err := r.gap(ctx, min(rec.Offset, r.to)); err != nil {
				return err
			}
		}
		if r.next >= r.to {
			break
		}
		r.next = rec.Offset + 1
		if !rec.Attrs.IsControl() {
			r.raw = append(r.raw, Raw{Offset: rec.Offset, Millis: rec.Timestamp.UnixMilli(), Key: rec.Key, Value: rec.Value})
		}
	}
	if len(r.raw) == 0 {
		return nil
	}
	return r.each(r.raw)
}

// gap says whether offsets that did not come are a hole. In the middle of a
// log records go missing by compaction alone: what else does not come was
// aborted. One that cannot be asked may be compacted.
func (r *bulk) gap(ctx context.Context, to int64) error {
	if r.compacted == nil {
		compacted := r.bus.compacted(ctx, r.topic)
		r.compacted = &compacted
	}
	if *r.compacted {
		r.hole(to)
		return nil
	}
	if err := r.skipGone(ctx); err != nil { // or removed while we read
		return err
	}
	r.next = max(r.next, to)
	return nil
}

// judge says what an error of a broker means; nil is to wait.
func (r *bulk) judge(ctx context.Context, problem error) error {
	var lost *kgo.ErrDataLoss
	if errors.Is(problem, kerr.OffsetOutOfRange) || errors.As(problem, &lost) {
		before := r.next
		if err := r.skipGone(ctx); err != nil {
			return err
		}
		if r.next == before {
			return &GapError{Topic: r.topic, Partition: r.partition, Want: r.next, Got: -1}
		}
		return errMoved
	}
	if permanent(problem) {
		return fmt.Errorf("reading %s/%d: %w", r.topic, r.partition, problem)
	}
	return nil
}

func (b *Bus) compacted(ctx context.Context, topic string) bool {
	all, err := b.admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return true
	}
	for _, c := range all {
		for _, entry := range c.Configs {
			if entry.Key == "cleanup.policy" && c.Err == nil {
				return strings.Contains(entry.MaybeValue(), "compact")
			}
		}
	}
	return true
}

// pool lends a client the memory of records that were read.
type pool struct {
	records sync.Pool
	bytes   sync.Pool
}

func newPool() *pool { return &pool{} }

// GetRecords implements kgo.PoolRecords.
func (p *pool) GetRecords(n int) []kgo.Record {
	if s, ok := p.records.Get().(*[]kgo.Record); ok && cap(*s) >= n {
		return (*s)[:0]
	}
	return make([]kgo.Record, 0, n)
}

// PutRecords implements kgo.PoolRecords.
func (p *pool) PutRecords(s []kgo.Record) { p.records.Put(&s) }

// inflated is by how much records are guessed to be compressed.
const inflated = 4

// GetDecompressBytes implements kgo.PoolDecompressBytes.
func (p *pool) GetDecompressBytes(compressed []byte, _ kgo.CompressionCodecType) []byte {
	if s, ok := p.bytes.Get().(*[]byte); ok && cap(*s) >= len(compressed) {
		return (*s)[:0]
	}
	return make([]byte, 0, inflated*len(compressed))
}

// PutDecompressBytes implements kgo.PoolDecompressBytes.
func (p *pool) PutDecompressBytes(s []byte) { p.bytes.Put(&s) }
