//go:build e2e

package proxy_test

import (
	"context"
	"errors"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sync/errgroup"
)

// observeTransactions writes each burst and commits it with an offset, as one
// transaction.
func (s *sar) observeTransactions(topic string) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	counts, parts, all := &counts{}, &claims{all: make(chan *sarama.ConsumerMessage), keep: true, tell: s.consumeFailed}, errgroup.Group{}
	all.Go(func() error { return s.observeGroup(ctx, topic, sarama.ReadCommitted, parts) })
	all.Go(func() error {
		defer counts.wrote.Store(true)
		return s.writeTransactions(topic, counts)
	})
	for counts.more(s.options) {
		select {
		case m := <-parts.all:
			counts.read(s.out, m.Partition, m.Offset, m.Value, m.Timestamp)
		case <-time.After(200 * time.Millisecond):
		}
	}
	stop()
	err := all.Wait()
	counts.end(s.out)
	return err
}

func (s *sar) writeTransactions(topic string, counts *counts) (err error) {
	c := s.writing()
	c.Producer.Transaction.ID = topic
	var p sarama.SyncProducer
	for all := range counts.bursts(s.options) {
		if p == nil {
			if p, err = sarama.NewSyncProducer(s.bootstrap, c); err != nil {
				s.out.failed("transaction", err)
				continue
			}
		}
		if err := s.transaction(p, topic, counts, all); err != nil {
			s.out.failed("transaction", err)
			if !s.over(p) {
				_ = p.Close() // a new one takes its place
				p = nil
			}
		}
	}
	if p != nil {
		err = p.Close()
	}
	return err
}

// over ends a transaction that failed, and says whether the producer goes on.
func (s *sar) over(p sarama.SyncProducer) bool {
	if p.TxnStatus()&sarama.ProducerTxnFlagFatalError != 0 {
		return false
	}
	if err := p.AbortTxn(); err != nil {
		s.out.failed("transaction", err)
		return false
	}
	return p.TxnStatus()&sarama.ProducerTxnFlagReady != 0
}

func (s *sar) transaction(p sarama.SyncProducer, topic string, counts *counts, all []int64) error {
	if err := p.BeginTxn(); err != nil {
		return err
	}
	began, messages := time.Now(), make([]*sarama.ProducerMessage, len(all))
	for i, n := range all {
		messages[i] = s.numberedMessage(topic, n)
	}
	if err := p.SendMessages(messages); err != nil {
		s.out.failed("produce", firstOf(err))
		return err
	}
	offset := sarama.PartitionOffsetMetadata{Partition: 0, Offset: all[0]}
	if err := p.AddOffsetsToTxn(map[string][]*sarama.PartitionOffsetMetadata{topic: {&offset}}, topic+"-tx"); err != nil {
		return err
	}
	if err := p.CommitTxn(); err != nil {
		return err
	}
	for i, m := range messages {
		counts.written(s.out, all[i], began, m.Partition, m.Offset, nil)
	}
	return nil
}

// firstOf is the error of one record, of those that were sent together.
func firstOf(err error) error {
	if all, ok := errors.AsType[sarama.ProducerErrors](err); ok && len(all) > 0 {
		return all[0].Err
	}
	return err
}
