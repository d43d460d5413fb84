//go:build e2e

package proxy_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/IBM/sarama"
	"golang.org/x/sync/errgroup"
)

// claims hands on what a member of a group reads, and commits it at its end.
type claims struct {
	all   chan *sarama.ConsumerMessage
	parts atomic.Int32 // partitions that it has
	keep  bool         // commit
	tell  func(error)  // of what does not end a session; nil: nobody wants to know
}

func (c *claims) Setup(s sarama.ConsumerGroupSession) error {
	c.parts.Store(0)
	for _, p := range s.Claims() {
		c.parts.Add(int32(len(p)))
	}
	return nil
}

func (c *claims) Cleanup(s sarama.ConsumerGroupSession) error {
	if c.keep {
		s.Commit()
	}
	return nil
}

func (c *claims) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for m := range claim.Messages() {
		select {
		case c.all <- m:
			s.MarkMessage(m, "")
		case <-s.Context().Done():
			return nil
		}
	}
	return nil
}

// messages hands on what claims hand on, as got.
func messages(ctx context.Context, in <-chan *sarama.ConsumerMessage) <-chan got {
	out := make(chan got)
	go func() {
		for {
			select {
			case m := <-in:
				out <- seenBySarama(m)
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// exactlyOnce takes what was committed, writes it elsewhere and commits both
// as one; the first try is aborted.
func (s *sar) exactlyOnce() (any, error) {
	out, err := s.topic("out")
	if err != nil {
		return nil, err
	}
	for _, commit := range []bool{false, true} {
		if err := s.transactional("eos", func(p sarama.SyncProducer) error { return s.carry(p, out, commit) }); err != nil {
			return nil, err
		}
	}
	// The coordinator of the group learns of a commit a moment after the client.
	err = until("offsets of what was carried", func() (bool, error) {
		committed, err := s.committed(s.name("eos"))
		return committed > 10, err
	})
	if err != nil {
		return nil, err
	}
	all, err := s.read(out, 10, sarama.ReadCommitted)
	return map[string]any{"out": texts(all), "committed": true}, err
}

func (s *sar) carry(p sarama.SyncProducer, to string, commit bool) error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	c, group := &claims{all: make(chan *sarama.ConsumerMessage)}, s.name("eos")
	var members errgroup.Group
	members.Go(func() error { return s.member(ctx, group, s.name("tx"), sarama.ReadCommitted, c) })
	if err := p.BeginTxn(); err != nil {
		return err
	}
	for range 10 {
		select {
		case m := <-c.all:
			if _, _, err := p.SendMessage(message(to, string(m.Key), "out-"+string(m.Value))); err != nil {
				return err
			}
			if err := p.AddMessageToTxn(m, group, nil); err != nil {
				return err
			}
		case <-ctx.Done():
			return errors.Join(errors.New("fewer than ten records were read"), members.Wait())
		}
	}
	end := p.AbortTxn
	if commit {
		end = p.CommitTxn
	}
	err := end()
	stop()
	return errors.Join(err, members.Wait())
}

// group shares a topic among two, and goes on where they ended. Sarama knows
// the classic protocol alone.
func (s *sar) group() (any, error) {
	topic, err := s.topic("classic")
	if err != nil {
		return nil, err
	}
	group := s.name("classic")
	all, err := s.shared(group, topic, 2, func() error { return s.produce(topic, records, sarama.CompressionNone) }, records, nil)
	if err != nil {
		return nil, err
	}
	seen := map[string]any{"received": len(all), "distinct": distinct(all), "members": 2}
	again := func() error { return s.produce(topic, more, sarama.CompressionNone) }
	all, err = s.shared(group, topic, 1, again, more, func() error {
		return s.asAdmin(func(a sarama.ClusterAdmin) error {
			d, err := a.DescribeConsumerGroups([]string{group})
			if err == nil {
				seen["described"] = []any{strings.ToLower(d[0].State), len(d[0].Members)}
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	seen["resumed"] = len(all)
	return seen, s.forget(group, seen)
}

// shared has members read n records once each of them has a partition, then
// looks at them.
func (s *sar) shared(group, topic string, members int, write func() error, n int, look func() error) ([]got, error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	all := make(chan *sarama.ConsumerMessage)
	problems := make(chan error, members)
	var running errgroup.Group
	both := make([]*claims, members)
	for i := range both {
		both[i] = &claims{all: all, keep: true}
		running.Go(func() error {
			err := s.member(ctx, group, topic, sarama.ReadUncommitted, both[i])
			if err != nil && ctx.Err() == nil {
				problems <- err
			}
			return err
		})
	}
	err := until("a group whose members all read", func() (bool, error) {
		var parts int32
		for _, c := range both {
			if c.parts.Load() == 0 {
				return false, nil
			}
			parts += c.parts.Load()
		}
		return parts == partitions, nil
	})
	if err == nil {
		err = write()
	}
	if err != nil {
		return nil, err
	}
	out, err := collect(n, messages(ctx, all), problems)
	if look != nil {
		err = errors.Join(err, look())
	}
	stop()
	if left := running.Wait(); !errors.Is(left, context.Canceled) {
		err = errors.Join(err, left)
	}
	return out, err
}

func (s *sar) committed(group string) (sum int64, err error) {
	return sum, s.asAdmin(func(a sarama.ClusterAdmin) error {
		all, err := a.ListConsumerGroupOffsetsBatch(map[string]map[string][]int32{group: nil})
		if err != nil {
			return err
		}
		for _, parts := range all[group].Blocks {
			for _, b := range parts {
				sum += b.Offset
			}
		}
		return nil
	})
}

func (s *sar) forget(group string, seen map[string]any) error {
	sum, err := s.committed(group)
	if err != nil {
		return err
	}
	return s.asAdmin(func(a sarama.ClusterAdmin) error {
		before, err := a.ListConsumerGroups()
		if err != nil {
			return err
		}
		if err := a.DeleteConsumerGroup(group); err != nil {
			return err
		}
		after, err := a.ListConsumerGroups()
		_, listed := before[group]
		_, still := after[group]
		seen["listed"], seen["committed"], seen["gone"] = listed, sum, !still
		return err
	})
}
