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
	if f.producer == "transactional" {
		return f.observeTransactions(ctx, topic)
	}
	writer, err := kgo.NewClient(f.common(f.writing(kgo.DefaultProduceTopic(topic))...)...)
	if err != nil {
		return err
	}
	defer writer.Close()
	reader, err := f.reader(topic)
	if err != nil {
		return err
	}
	defer func() { reader.Close() }()
	counts := &counts{}
	go func() {
		defer counts.wrote.Store(true)
		for n := range counts.numbers(f.options) {
			sent := time.Now()
			writer.Produce(ctx, f.numberedRecord(n), func(r *kgo.Record, err error) {
				counts.written(f.out, n, sent, r.Partition, r.Offset, err)
			})
		}
		_ = writer.Flush(ctx) // what it could not write is told of by record
	}()
	for counts.more(f.options) {
		if f.renewed() {
			if err := reader.LeaveGroupContext(ctx); err != nil {
				f.out.failed("leave", err)
			}
			reader.Close()
			if reader, err = f.reader(topic); err != nil {
				return err
			}
		}
		f.receive(ctx, counts, reader.PollFetches)
	}
	counts.end(f.out)
	return nil
}

// reader reads as a member of a group.
func (f *franz) reader(topic string) (*kgo.Client, error) {
	own := []kgo.Opt{kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic), kgo.AutoCommitInterval(soon), kgo.HeartbeatInterval(soon), kgo.SessionTimeout(session)}
	if f.protocol == "consumer" {
		own = append(own, kgo.ServerSideBalancer())
	}
	return kgo.NewClient(f.common(own...)...)
}

func (f *franz) numberedRecord(n int64) *kgo.Record {
	return &kgo.Record{Key: fmt.Append(nil, n%10), Value: f.value(n)}
}

// writing are the options of a producer that observes.
func (f *franz) writing(more ...kgo.Opt) []kgo.Opt {
	out := append(more, kgo.ProducerLinger(f.linger()))
	if f.producer == "plain" {
		out = append(out, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(1))
	}
	if f.timeout > 0 {
		out = append(out, kgo.ProduceRequestTimeout(f.timeout/2), kgo.RequestTimeoutOverhead(f.timeout/2))
	}
	return out
}

// receive tells of what comes within a moment.
func (f *franz) receive(ctx context.Context, counts *counts, poll func(context.Context) kgo.Fetches) {
	wait, stop := context.WithTimeout(ctx, 100*time.Millisecond)
	defer stop()
	fetched := poll(wait)
	for _, e := range fetched.Errors() {
		if !errors.Is(e.Err, context.DeadlineExceeded) {
			f.out.failed("consume", e.Err)
		}
	}
	fetched.EachRecord(func(r *kgo.Record) { counts.read(f.out, r.Partition, r.Offset, r.Value, r.Timestamp) })
}
