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
	c := s.config()
	c.Producer.Flush.Frequency = 0
	p, err := sarama.NewAsyncProducer(s.bootstrap, c)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	counts, parts, all := &counts{}, &claims{all: make(chan *sarama.ConsumerMessage), keep: true}, errgroup.Group{}
	all.Go(func() error {
		for m := range p.Successes() {
			counts.written(s.out, m.Metadata.(int64), m.Partition, m.Offset, nil)
		}
		return nil
	})
	all.Go(func() error {
		for e := range p.Errors() {
			n, _ := e.Msg.Metadata.(int64)
			counts.written(s.out, n, e.Msg.Partition, e.Msg.Offset, e.Err)
		}
		counts.wrote.Store(true)
		return nil
	})
	all.Go(func() error {
		for n := range counts.numbers(s.options) {
			m := message(topic, fmt.Sprint(n%10), fmt.Sprint(n))
			m.Metadata = n
			p.Input() <- m
		}
		p.AsyncClose()
		return nil
	})
	all.Go(func() error {
		for ctx.Err() == nil {
			if err := s.member(ctx, topic, topic, sarama.ReadUncommitted, parts); err != nil && ctx.Err() == nil {
				s.out.failed("consume", err)
			}
		}
		return nil
	})
	for counts.more(s.options) {
		select {
		case m := <-parts.all:
			counts.read(s.out, m.Partition, m.Offset, m.Value)
		case <-time.After(200 * time.Millisecond):
		}
	}
	stop()
	err = all.Wait()
	counts.end(s.out)
	return err
}
