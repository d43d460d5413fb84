//go:build e2e

package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// observe writes numbers, reads them and tells of whatever happens.
func (f *franz) observe() error {
	ctx, stop := context.WithTimeout(context.Background(), f.last+time.Minute)
	defer stop()
	topic, err := f.topic("observe")
	if err != nil {
		f.out.failed("create topic", err)
	}
	writer, err := kgo.NewClient(f.common(kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(0))...)
	if err != nil {
		return err
	}
	defer writer.Close()
	reader, err := kgo.NewClient(f.common(kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic))...)
	if err != nil {
		return err
	}
	defer reader.Close()
	counts := &counts{}
	go func() {
		defer counts.wrote.Store(true)
		for n := range counts.numbers(f.options) {
			writer.Produce(ctx, &kgo.Record{Key: fmt.Append(nil, n%10), Value: fmt.Append(nil, n)}, func(r *kgo.Record, err error) {
				counts.written(f.out, n, r.Partition, r.Offset, err)
			})
		}
		_ = writer.Flush(ctx) // what it could not write is told of by record
	}()
	for counts.more(f.options) {
		wait, stop := context.WithTimeout(ctx, 200*time.Millisecond)
		fetched := reader.PollFetches(wait)
		stop()
		for _, e := range fetched.Errors() {
			if !errors.Is(e.Err, context.DeadlineExceeded) {
				f.out.failed("consume", e.Err)
			}
		}
		fetched.EachRecord(func(r *kgo.Record) { counts.read(f.out, r.Partition, r.Offset, r.Value) })
	}
	counts.end(f.out)
	return nil
}
