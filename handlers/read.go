package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// Reader reads a topic in bulk from the given next offsets on; bus.Bus is
// one. Without offsets it begins with the oldest record.
type Reader interface {
	Read(ctx context.Context, topic string, from map[int32]int64, each func([]bus.Record) error) error
	ReadTo(ctx context.Context, topic string, from, to map[int32]int64, each func([]bus.Record) error) error
	EndOffsets(ctx context.Context, topic string) (map[int32]int64, error)
}

// Fold applies chaos.events to the log, from where the log is on: first all
// that is there, then, once caught was called, what comes until ctx ends. A
// record that is no batch is left out, by every reader alike.
func Fold(ctx context.Context, r Reader, topic string, l *Log, problems *slog.Logger, caught func()) error {
	ends, err := r.EndOffsets(ctx, topic)
	if err != nil {
		return fmt.Errorf("folding the log: %w", err)
	}
	reader := NewBatchReader()
	apply := func(records []bus.Record, batches []BatchRead) {
		for i, r := range batches {
			rec := records[i]
			at := Place{Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset}
			if r.Err != nil {
				l.Skip(at)
				problems.Warn("left out a record of the log that is no batch", "topic", rec.Topic,
					"partition", rec.Partition, "offset", rec.Offset, "error", r.Err)
				continue
			}
			l.Apply(r.Batch, at)
		}
	}
	if err := catchUp(ctx, r, topic, l.Next(), ends, reader, apply); err != nil {
		return fmt.Errorf("folding the log: %w", err)
	}
	caught()
	err = r.Read(ctx, topic, ends, func(records []bus.Record) error {
		apply(records, reader.ReadAll(records))
		return nil
	})
	if err != nil {
		return fmt.Errorf("folding the log: %w", err)
	}
	return nil
}

// catchUp applies what lies between two places of the log. Records are read and
// decoded while those before are applied, which only one goroutine can do.
func catchUp(ctx context.Context, r Reader, topic string, from, to map[int32]int64,
	reader BatchReader, apply func([]bus.Record, []BatchRead),
) error {
	type chunk struct {
		records []bus.Record
		batches chan []BatchRead // one
	}
	chunks := make(chan chunk, decodeAhead)
	var applying sync.WaitGroup
	applying.Go(func() {
		for c := range chunks {
			apply(c.records, <-c.batches)
		}
	})
	err := r.ReadTo(ctx, topic, from, to, func(records []bus.Record) error {
		c := chunk{records, make(chan []BatchRead, 1)}
		go func() { c.batches <- reader.ReadAll(records) }()
		chunks <- c
		return nil
	})
	close(chunks)
	applying.Wait() // also after an error: what was read counts
	return err
}

// BatchRead is a record of chaos.events as it was read, or why it is no batch.
type BatchRead struct {
	Batch events.Batch
	Err   error
}

// BatchReader decodes records of chaos.events. Several goroutines may use it at
// a time. The zero value is slow.
type BatchReader struct{ events events.Reader }

// NewBatchReader makes a BatchReader for many records.
func NewBatchReader() BatchReader { return BatchReader{events.NewReader()} }

// ReadAll decodes records in their order, on all processors: decoding is most
// of the work of reading a long log.
func (r BatchReader) ReadAll(records []bus.Record) []BatchRead {
	out := make([]BatchRead, len(records))
	share := max(minShare, (len(records)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for from := 0; from < len(records); from += share {
		part := func() {
			for i := from; i < min(from+share, len(records)); i++ {
				out[i].Batch, out[i].Err = r.Read(records[i])
			}
		}
		if from+share >= len(records) {
			part() // the last, or only, share needs no goroutine
			continue
		}
		wait.Go(part)
	}
	wait.Wait()
	return out
}

// decodeAhead is how many chunks of records may wait to be applied.
const decodeAhead = 2

// minShare is how many records are worth a goroutine.
const minShare = 100

// Read decodes one record.
func (r BatchReader) Read(rec bus.Record) (events.Batch, error) {
	event, err := cloudevent.FromHeaders(rec.Headers, rec.Value)
	if err != nil {
		return events.Batch{}, err
	}
	return batchOf(r.events, string(rec.Key), event)
}

// ReadTick decodes one record of chaos.readings.
func ReadTick(rec bus.Record) (events.Tick, error) {
	event, err := cloudevent.FromHeaders(rec.Headers, rec.Value)
	if err != nil {
		return events.Tick{}, err
	}
	return tickOf(string(rec.Key), event)
}

// batchOf refuses a batch under another key than its experiment: it could be
// in another partition than the batches it follows.
func batchOf(r events.Reader, key string, event cloudevent.Event) (events.Batch, error) {
	b, err := r.Batch(event)
	if err == nil && key != string(b.Experiment) {
		err = fmt.Errorf("reading a batch of experiment %s: its key is %q; write the experiment id", b.Experiment, key)
	}
	return b, err
}

func tickOf(key string, event cloudevent.Event) (events.Tick, error) {
	t, err := events.DecodeTick(event)
	if err == nil && key != string(t.Experiment) {
		err = fmt.Errorf("reading a tick of experiment %s: its key is %q; write the experiment id", t.Experiment, key)
	}
	return t, err
}
