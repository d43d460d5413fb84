//go:build e2e

package proxy_test

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sync/errgroup"
)

// observe writes numbers, reads them and tells of whatever happens.
func (s *sar) observe() error {
	topic, err := s.topic("observe")
	if err != nil {
		s.out.failed("create topic", err)
	}
	c := s.writing()
	if s.producer == "transactional" {
		return s.observeTransactions(topic)
	}
	p, err := sarama.NewAsyncProducer(s.bootstrap, c)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	counts, parts, all := &counts{}, &claims{all: make(chan *sarama.ConsumerMessage), keep: true, tell: s.consumeFailed}, errgroup.Group{}
	all.Go(func() error {
		for m := range p.Successes() {
			of := m.Metadata.(sent)
			counts.written(s.out, of.n, of.at, m.Partition, m.Offset, nil)
		}
		return nil
	})
	all.Go(func() error {
		for e := range p.Errors() {
			of, _ := e.Msg.Metadata.(sent)
			counts.written(s.out, of.n, of.at, e.Msg.Partition, e.Msg.Offset, e.Err)
		}
		counts.wrote.Store(true)
		return nil
	})
	all.Go(func() error {
		for n := range counts.numbers(s.options) {
			p.Input() <- s.numberedMessage(topic, n)
		}
		p.AsyncClose()
		return nil
	})
	all.Go(func() error { return s.observeGroup(ctx, topic, sarama.ReadUncommitted, parts) })
	for counts.more(s.options) {
		select {
		case m := <-parts.all:
			counts.read(s.out, m.Partition, m.Offset, m.Value, m.Timestamp)
		case <-time.After(200 * time.Millisecond):
		}
	}
	stop()
	err = all.Wait()
	counts.end(s.out)
	return err
}

// sent is a number that is on its way.
type sent struct {
	n  int64
	at time.Time
}

func (s *sar) numberedMessage(topic string, n int64) *sarama.ProducerMessage {
	m := message(topic, fmt.Sprint(n%10), string(s.value(n)))
	m.Metadata = sent{n, time.Now()}
	return m
}

func (s *sar) writing() *sarama.Config {
	c := s.config()
	c.Producer.Flush.Frequency = s.linger()
	return c
}

// observeGroup reads as a member of a group until ctx ends, and tells of what
// ends its sessions.
func (s *sar) observeGroup(ctx context.Context, topic string, isolation sarama.IsolationLevel, parts *claims) error {
	for ctx.Err() == nil {
		this, leave := context.WithCancel(ctx)
		go s.leaves(this, leave)
		if err := s.member(this, topic, topic, isolation, parts); err != nil && ctx.Err() == nil {
			s.consumeFailed(err)
		}
		leave()
	}
	return nil
}

// leaves has a member leave once another one is to join.
func (s *sar) leaves(ctx context.Context, leave func()) {
	beat := time.NewTicker(100 * time.Millisecond)
	defer beat.Stop()
	for ctx.Err() == nil && !s.renewed() {
		<-beat.C
	}
	leave()
}

func (s *sar) consumeFailed(err error) { s.out.failed("consume", err) }
