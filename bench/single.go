package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	singleRecords = 400 // that are sent one by one, in a round
	singleWarm    = 40  // before them, which find the way
)

// single sends one record after the other, and says how long each took.
type single struct {
	writer, reader *kgo.Client // no reader: until it is acknowledged; otherwise until it is read
	topic          string
}

// oneByOneOf gives how long single records took by each way. The ways take
// turns with every record, so that what else the machine does falls on all.
func oneByOneOf(ctx context.Context, ways []*way, open func(context.Context, *way, string) (single, error)) ([]spread, error) {
	ctx, stop := context.WithTimeout(ctx, loadWithin)
	defer stop()
	all, out := make([]single, len(ways)), make([]spread, len(ways))
	for i, w := range ways {
		var err error
		all[i], err = open(ctx, w, twin(i))
		defer all[i].close()
		if err != nil {
			return nil, err
		}
	}
	for n := range singleWarm + singleRecords {
		for turn := range ways {
			i := (n + turn) % len(ways)
			took, err := all[i].send(ctx, n)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", ways[i].name, err)
			}
			if n >= singleWarm {
				out[i] = append(out[i], took)
			}
		}
	}
	return out, nil
}

// twin is the topic of a way.
func twin(i int) string { return fmt.Sprint("bench-single-", i) }

// acknowledged opens one that waits for acknowledgements.
func acknowledged(acks kgo.Acks) func(context.Context, *way, string) (single, error) {
	return func(_ context.Context, w *way, topic string) (single, error) {
		c, err := kafka(w.bootstrap, kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite(), kgo.ProducerLinger(0))
		return single{writer: c, topic: topic}, err
	}
}

// arriving opens one that writes straight to the brokers, and waits for the
// record to come by the way.
func (b *bench) arriving(ctx context.Context, w *way, topic string) (s single, err error) {
	s.topic = topic
	if s.writer, err = kafka(b.brokers, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite(), kgo.ProducerLinger(0)); err != nil {
		return s, err
	}
	end, err := kadm.NewClient(s.writer).ListEndOffsets(ctx, topic)
	if err != nil {
		return s, fmt.Errorf("finding the end of %s: %w", topic, err)
	}
	o, there := end.Lookup(topic, 0)
	if !there {
		return s, errors.Join(fmt.Errorf("finding the end of %s", topic), end.Error())
	}
	s.reader, err = kafka(w.bootstrap, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(o.Offset)}}))
	return s, err
}

func (s single) send(ctx context.Context, n int) (time.Duration, error) {
	r, began := &kgo.Record{Topic: s.topic, Value: value(100, n)}, time.Now()
	if s.reader == nil {
		err := s.writer.ProduceSync(ctx, r).FirstErr()
		return time.Since(began), err
	}
	s.writer.Produce(ctx, r, nil)
	for got := 0; got == 0; {
		some := s.reader.PollFetches(ctx)
		if err := some.Err(); err != nil {
			return 0, fmt.Errorf("reading %s: %w", s.topic, err)
		}
		got = some.NumRecords()
	}
	return time.Since(began), nil
}

func (s single) close() {
	for _, c := range []*kgo.Client{s.writer, s.reader} {
		if c != nil {
			c.Close()
		}
	}
}
