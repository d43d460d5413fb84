package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
)

const readingEvents = 300_000

// reading compares the two ways to read the log: through watermill, as
// handlers do, and in bulk with franz-go, as the fold and the tables do.
func (b *bench) reading(ctx context.Context) (err error) {
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	smaller := *b
	smaller.events = min(b.events, readingEvents)
	if _, err := smaller.write(ctx, home); err != nil {
		return err
	}
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: filepath.Join(home, "kafka")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	log, err := bus.Open(bus.Config{Brokers: []string{k.Addr()}}, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	for _, way := range []struct {
		name string
		read func(context.Context, *bus.Bus, map[int32]int64) error
	}{
		{"in bulk, franz-go", inBulk}, {"in bulk and decoded", decoded}, {"peer: one by one, watermill-kafka", oneByOne},
	} {
		rate, err := speed(ctx, log, way.read)
		if err != nil {
			return fmt.Errorf("reading the log %s: %w", way.name, err)
		}
		b.peer("reading the log from the embedded Kafka, "+way.name, rate)
	}
	return nil
}

func speed(ctx context.Context, log *bus.Bus, read func(context.Context, *bus.Bus, map[int32]int64) error) (string, error) {
	to, err := log.EndOffsets(ctx, log.Topics().Events)
	if err != nil {
		return "", err
	}
	var total int64
	for _, end := range to {
		total += end
	}
	var times spread
	for range longRuns {
		began := time.Now()
		if err := read(ctx, log, to); err != nil {
			return "", err
		}
		times = append(times, time.Since(began))
	}
	return fmt.Sprintf("%.0f records/s (%d records, %s)", float64(total)/times.median().Seconds(), total, times), nil
}

func inBulk(ctx context.Context, log *bus.Bus, to map[int32]int64) error {
	return log.ReadTo(ctx, log.Topics().Events, nil, to, func([]bus.Record) error { return nil })
}

func decoded(ctx context.Context, log *bus.Bus, to map[int32]int64) error {
	batches := handlers.NewBatchReader()
	return log.ReadTo(ctx, log.Topics().Events, nil, to, func(records []bus.Record) error {
		for _, r := range records {
			if _, err := batches.Read(r); err != nil {
				return err
			}
		}
		return nil
	})
}

func oneByOne(ctx context.Context, log *bus.Bus, to map[int32]int64) error {
	return eachMessage(ctx, log, log.Topics().Events, to, func(*message.Message) error { return nil })
}

// eachMessage hands over the messages of a topic as handlers get them, and acks
// each that was taken.
func eachMessage(ctx context.Context, log *bus.Bus, topic string, to map[int32]int64, take func(*message.Message) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	from, err := log.Follower()
	if err != nil {
		return err
	}
	messages, err := from.Subscribe(ctx, topic)
	if err != nil {
		return err
	}
	var left int64
	for _, end := range to {
		left += end
	}
	for ; left > 0; left-- {
		m, ok := <-messages
		if !ok {
			return errors.New("the subscription ended")
		}
		if err := take(m); err != nil {
			return err
		}
		m.Ack()
	}
	return from.Close()
}
