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
	apply := func(records []bus.Record) error {
		for i, r := range ReadBatches(records) {
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
		return nil
	}
	if err := r.ReadTo(ctx, topic, l.Next(), ends, apply); err != nil {
		return fmt.Errorf("folding the log: %w", err)
	}
	caught()
	if err := r.Read(ctx, topic, ends, apply); err != nil {
		return fmt.Errorf("folding the log: %w", err)
	}
	return nil
}

// BatchRead is a record of chaos.events as it was read, or why it is no batch.
type BatchRead struct {
	Batch events.Batch
	Err   error
}

// ReadBatches decodes records of chaos.events, in their order, on all
// processors: decoding is most of the work of reading a long log.
func ReadBatches(records []bus.Record) []BatchRead {
	out := make([]BatchRead, len(records))
	share := max(minShare, (len(records)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for from := 0; from < len(records); from += share {
		part := func() {
			for i := from; i < min(from+share, len(records)); i++ {
				out[i].Batch, out[i].Err = ReadBatch(records[i])
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

// minShare is how many records are worth a goroutine.
const minShare = 100

// ReadBatch decodes one record of chaos.events.
func ReadBatch(rec bus.Record) (events.Batch, error) {
	event, err := cloudevent.FromHeaders(rec.Headers, rec.Value)
	if err != nil {
		return events.Batch{}, err
	}
	return batchOf(string(rec.Key), event)
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
func batchOf(key string, event cloudevent.Event) (events.Batch, error) {
	b, err := events.DecodeBatch(event)
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
