package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// readBatch bounds the records of one call of each.
	readBatch = 10_000
	// gapTries is how often a gap is re-read before it is an error.
	gapTries = 3
	gapPause = 200 * time.Millisecond
)

// Record is one record as it stands in the log. Where a header comes twice,
// the last one counts. Key is nil for a record without one.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Key       []byte
	Value     []byte
	Headers   map[string]string
	Time      time.Time
}

// GapError says that the log has no record where one was due: it was deleted,
// compacted away, or never was. Want is the offset that was due, Got the next
// that there is, or -1 where Want lies outside of the log.
type GapError struct {
	Topic     string
	Partition int32
	Want, Got int64
}

func (e *GapError) Error() string {
	if e.Got < 0 {
		return fmt.Sprintf("reading %s/%d: offset %d is outside of the log: records were deleted, or the log is another one",
			e.Topic, e.Partition, e.Want)
	}
	return fmt.Sprintf("reading %s/%d: offset %d is missing, the next is %d", e.Topic, e.Partition, e.Want, e.Got)
}

// Read hands on the records of a topic in bulk, from the given next offsets
// on, until the context ends (whose error it returns) or each errs (whose
// error it returns). A partition that from does not name is read from its
// oldest record; partitions added later are not seen.
//
// Offsets of a partition are contiguous, or Read ends with a *GapError: a gap
// is read again, and never skipped. Transaction markers take an offset but are
// not records; they fill their place and are not handed on. Records of open or
// aborted transactions are handed on, as to every other reader here:
// publishers must not use transactions. A compacted topic cannot be read.
//
// An outage of Kafka is waited out. The records belong to each.
func (b *Bus) Read(ctx context.Context, topic string, from map[int32]int64, each func([]Record) error) error {
	return b.read(ctx, topic, from, nil, each)
}

// ReadTo is Read up to, and without, the offsets of to. It reads only the
// partitions that to names, and waits for offsets that are not written yet.
func (b *Bus) ReadTo(ctx context.Context, topic string, from, to map[int32]int64, each func([]Record) error) error {
	if to == nil {
		to = map[int32]int64{}
	}
	return b.read(ctx, topic, from, to, each)
}

func (b *Bus) read(ctx context.Context, topic string, from, to map[int32]int64, each func([]Record) error) error {
	next, err := b.StartOffsets(ctx, topic)
	if err != nil {
		return err
	}
	for p, o := range to {
		if _, ok := next[p]; !ok {
			return fmt.Errorf("reading %s to offset %d of partition %d: there is no such partition", topic, o, p)
		}
	}
	for p := range next {
		if at, ok := from[p]; ok {
			next[p] = at
		}
		if _, ok := to[p]; to != nil && !ok {
			delete(next, p)
		}
	}
	r := &reader{bus: b, topic: topic, next: next, to: to, each: each}
	return r.run(ctx)
}

// reader is one run of Read: the offset due next of each partition.
type reader struct {
	bus   *Bus
	topic string
	next  map[int32]int64
	to    map[int32]int64 // nil: for ever
	each  func([]Record) error
}

// run reads, and reads again from the same offset where there was a gap.
func (r *reader) run(ctx context.Context) error {
	last, tries := GapError{}, 0
	for {
		err := r.session(ctx)
		var gap *GapError
		if !errors.As(err, &gap) {
			return err
		}
		if last.Partition != gap.Partition || last.Want != gap.Want {
			tries = 0
		}
		last, tries = *gap, tries+1
		if tries >= gapTries {
			return err
		}
		r.bus.log.Warn("reading a gap of the log again", "topic", gap.Topic, "partition", gap.Partition, "offset", gap.Want)
		select {
		case <-time.After(gapPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *reader) done() bool {
	if r.to == nil {
		return false
	}
	for p, end := range r.to {
		if r.next[p] < end {
			return false
		}
	}
	return true
}

// session reads with one client until done, a gap or an error.
func (r *reader) session(ctx context.Context) error {
	if r.done() {
		return nil
	}
	at := map[int32]kgo.Offset{}
	for p, o := range r.next {
		if end, ok := r.to[p]; !ok || o < end {
			at[p] = kgo.NewOffset().At(o)
		}
	}
	client, err := r.bus.franz(
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.topic: at}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // an offset out of range is a gap, not a fresh start
		kgo.KeepControlRecords(),                    // they fill offsets
		kgo.FetchMaxWait(readWait),
		kgo.FetchMaxBytes(16<<20), kgo.FetchMaxPartitionBytes(4<<20),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	for !r.done() {
		fetches := client.PollRecords(ctx, readBatch)
		if err := ctx.Err(); err != nil {
			return err
		}
		records, gap := r.take(fetches)
		if len(records) > 0 {
			if err := r.each(records); err != nil {
				return err
			}
		}
		if err := errors.Join(gap, r.failed(fetches)); err != nil {
			return err
		}
	}
	return nil
}

// take checks that offsets follow and moves on past them. It returns what
// came before a gap, and the gap.
func (r *reader) take(fetches kgo.Fetches) ([]Record, error) {
	out := make([]Record, 0, fetches.NumRecords())
	var gaps []error
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		end, bounded := r.to[f.Partition]
		for _, rec := range f.Records {
			want := r.next[f.Partition]
			if rec.Offset < want || bounded && want >= end {
				continue
			}
			if rec.Offset > want {
				gaps = append(gaps, &GapError{Topic: r.topic, Partition: f.Partition, Want: want, Got: rec.Offset})
				return
			}
			r.next[f.Partition] = want + 1
			if !rec.Attrs.IsControl() {
				out = append(out, record(rec))
			}
		}
	})
	return out, errors.Join(gaps...)
}

// failed returns the errors that waiting does not mend.
func (r *reader) failed(fetches kgo.Fetches) error {
	var problems []error
	for _, e := range fetches.Errors() {
		var lost *kgo.ErrDataLoss
		switch {
		case errors.Is(e.Err, kerr.OffsetOutOfRange), errors.As(e.Err, &lost):
			problems = append(problems, &GapError{Topic: r.topic, Partition: e.Partition, Want: r.next[e.Partition], Got: -1})
		case permanent(e.Err):
			problems = append(problems, fmt.Errorf("reading %s/%d: %w", r.topic, e.Partition, e.Err))
		default:
			r.bus.log.Warn("waiting for kafka", "topic", r.topic, "partition", e.Partition, "error", e.Err)
		}
	}
	return errors.Join(problems...)
}

// permanent says whether a broker's answer stays the same however long one
// waits. Errors that are not a broker's answer are an outage.
func permanent(err error) bool {
	var answer *kerr.Error
	return errors.Is(err, kgo.ErrClientClosed) || errors.As(err, &answer) && !answer.Retriable
}

func record(rec *kgo.Record) Record {
	out := Record{
		Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset,
		Key: rec.Key, Value: rec.Value, Time: rec.Timestamp.UTC(),
	}
	if len(rec.Headers) > 0 {
		out.Headers = make(map[string]string, len(rec.Headers))
		for _, h := range rec.Headers {
			out.Headers[h.Key] = string(h.Value)
		}
	}
	return out
}

// Next returns the offsets that follow records, on top of those given: what a
// table stores beside the rows.
func Next(from map[int32]int64, records []Record) map[int32]int64 {
	out := maps.Clone(from)
	if out == nil {
		out = map[int32]int64{}
	}
	for _, rec := range slices.All(records) {
		out[rec.Partition] = max(out[rec.Partition], rec.Offset+1)
	}
	return out
}
