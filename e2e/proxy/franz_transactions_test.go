//go:build e2e

package proxy_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// observeTransactions writes each burst and commits it with what was read
// before, as one transaction.
func (f *franz) observeTransactions(ctx context.Context, topic string) error {
	open := func() (*kgo.GroupTransactSession, error) {
		return kgo.NewGroupTransactSession(f.common(f.writing(kgo.DefaultProduceTopic(topic), kgo.TransactionalID(topic),
			kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic), kgo.HeartbeatInterval(soon), kgo.SessionTimeout(session))...)...)
	}
	s, err := open()
	if err != nil {
		return err
	}
	counts := &counts{}
	for all := range counts.bursts(f.options) {
		if err := f.transaction(ctx, s, counts, all); err != nil {
			f.out.failed("transaction", err)
			s.Close()
			if s, err = open(); err != nil {
				return err
			}
		}
	}
	counts.wrote.Store(true)
	for counts.more(f.options) {
		f.receive(ctx, counts, s.PollFetches)
	}
	s.Close()
	counts.end(f.out)
	return nil
}

// transaction gives the error that a new client is needed after.
func (f *franz) transaction(ctx context.Context, s *kgo.GroupTransactSession, counts *counts, all []int64) error {
	if err := s.Begin(); err != nil {
		return err
	}
	f.receive(ctx, counts, s.PollFetches)
	began, records, failed := time.Now(), make([]*kgo.Record, len(all)), atomic.Bool{}
	for i, n := range all {
		records[i] = f.numberedRecord(n)
		s.Produce(ctx, records[i], func(_ *kgo.Record, err error) {
			if err != nil {
				failed.Store(true)
				f.out.failed("produce", err)
			}
		})
	}
	if err := s.Client().Flush(ctx); err != nil {
		return err
	}
	committed, err := s.End(ctx, kgo.TransactionEndTry(!failed.Load()))
	for i, r := range records {
		if committed {
			counts.written(f.out, all[i], began, r.Partition, r.Offset, nil)
		}
	}
	return err
}
