//go:build e2e

package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/IBM/sarama"
)

// sar is sarama as a client of the proxy.
type sar struct{ options }

func (s *sar) steps() []step {
	out := []step{
		{"client", func() (any, error) { return "sarama", nil }},
		{"brokers", s.brokers},
	}
	for name, codec := range map[string]sarama.CompressionCodec{
		"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy, "lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
	} {
		out = append(out, step{"produce " + name, func() (any, error) { return s.compressed(name, codec) }})
	}
	return append(out, step{"transactions", s.transactions}, step{"exactly once", s.exactlyOnce}, step{"group classic", s.group}, step{"admin", s.administer})
}

func (s *sar) name(what string) string { return s.prefix + "-" + what }

// config is of a careful client: acknowledged by all, idempotent.
func (s *sar) config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version, c.ClientID = sarama.MaxVersion, s.prefix
	c.Producer.RequiredAcks, c.Producer.Idempotent, c.Net.MaxOpenRequests = sarama.WaitForAll, s.producer != "plain", 1
	c.Producer.Return.Successes, c.Producer.Retry.Max, c.Producer.Retry.Backoff = true, 300, 100*time.Millisecond
	c.Producer.Transaction.Retry.Max = 300
	c.Producer.Flush.Frequency = 5 * time.Millisecond
	c.Consumer.Offsets.Initial, c.Consumer.Offsets.AutoCommit.Enable = sarama.OffsetOldest, s.observing
	c.Consumer.Offsets.AutoCommit.Interval = soon
	c.Consumer.Group.Heartbeat.Interval, c.Consumer.Group.Session.Timeout = soon, session
	c.Consumer.Return.Errors, c.Consumer.MaxWaitTime = true, 100*time.Millisecond
	if s.timeout > 0 {
		c.Net.DialTimeout, c.Net.ReadTimeout, c.Net.WriteTimeout = s.timeout, s.timeout, s.timeout
	}
	c.Metadata.RefreshFrequency, c.Metadata.Retry.Max = time.Second, 100
	return c
}

// asAdmin opens a client for calls of an administrator.
func (s *sar) asAdmin(use func(sarama.ClusterAdmin) error) (err error) {
	a, err := sarama.NewClusterAdmin(s.bootstrap, s.config())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return use(a)
}

func (s *sar) topic(what string) (string, error) {
	name := s.name(what)
	return name, s.asAdmin(func(a sarama.ClusterAdmin) error {
		return a.CreateTopic(name, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 3}, false)
	})
}

func (s *sar) produce(topic string, n int, codec sarama.CompressionCodec) (err error) {
	c := s.config()
	c.Producer.Compression = codec
	p, err := sarama.NewSyncProducer(s.bootstrap, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	all := make([]*sarama.ProducerMessage, n)
	for i := range all {
		all[i] = message(topic, fmt.Sprint(i%10), numbered(i))
		all[i].Headers = []sarama.RecordHeader{{Key: []byte("n"), Value: fmt.Append(nil, i)}}
	}
	return p.SendMessages(all)
}

func message(topic, key, value string) *sarama.ProducerMessage {
	return &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(key), Value: sarama.StringEncoder(value)}
}

// read gives the first n records of a topic, and any that come soon after.
func (s *sar) read(topic string, n int, isolation sarama.IsolationLevel) (out []got, err error) {
	c := s.config()
	c.Consumer.IsolationLevel = isolation
	consumer, err := sarama.NewConsumer(s.bootstrap, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, consumer.Close()) }()
	all, problems := make(chan got), make(chan error, partitions)
	for p := range int32(partitions) {
		part, err := consumer.ConsumePartition(topic, p, sarama.OffsetOldest)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, part.Close()) }()
		go func() {
			for e := range part.Errors() {
				problems <- e
			}
		}()
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for m := range part.Messages() {
				select {
				case all <- seenBySarama(m):
				case <-stop:
				}
			}
		}()
	}
	return collect(n, all, problems)
}

func seenBySarama(m *sarama.ConsumerMessage) got {
	g := got{partition: m.Partition, value: string(m.Value)}
	if len(m.Headers) > 0 {
		g.header = string(m.Headers[0].Value)
	}
	return g
}

// collect takes n records, and any that come soon after.
func collect(n int, all <-chan got, problems <-chan error) (out []got, err error) {
	enough := time.After(patience)
	for {
		select {
		case g := <-all:
			if out = append(out, g); len(out) == n {
				enough = time.After(soon)
			}
		case err := <-problems:
			return out, err
		case <-enough:
			return out, nil
		}
	}
}

func (s *sar) brokers() (out any, err error) {
	return out, s.asAdmin(func(a sarama.ClusterAdmin) error {
		all, _, err := a.DescribeCluster()
		out = saramaAddresses(all)
		return err
	})
}

func saramaAddresses(all []*sarama.Broker) (out []string) {
	for _, b := range all {
		out = append(out, b.Addr())
	}
	slices.Sort(out)
	return out
}

func (s *sar) compressed(name string, codec sarama.CompressionCodec) (any, error) {
	topic, err := s.topic(name)
	if err != nil {
		return nil, err
	}
	if err := s.produce(topic, records, codec); err != nil {
		return nil, err
	}
	all, err := s.read(topic, records, sarama.ReadUncommitted)
	return judged(all), err
}

// transactional opens a producer of transactions.
func (s *sar) transactional(id string, use func(sarama.SyncProducer) error) (err error) {
	c := s.config()
	c.Producer.Transaction.ID = s.name(id)
	p, err := sarama.NewSyncProducer(s.bootstrap, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	return use(p)
}

func (s *sar) transactions() (any, error) {
	topic, err := s.topic("tx")
	if err != nil {
		return nil, err
	}
	err = s.transactional("tx", func(p sarama.SyncProducer) error {
		for _, t := range []struct {
			batch string
			end   func() error
		}{{"a", p.CommitTxn}, {"b", p.AbortTxn}, {"c", p.CommitTxn}} {
			if err := p.BeginTxn(); err != nil {
				return err
			}
			for i := range 5 {
				if _, _, err := p.SendMessage(message(topic, fmt.Sprint(i), fmt.Sprint(t.batch, i))); err != nil {
					return err
				}
			}
			if err := t.end(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	committed, err := s.read(topic, 10, sarama.ReadCommitted)
	if err != nil {
		return nil, err
	}
	every, err := s.read(topic, 15, sarama.ReadUncommitted)
	return map[string]any{"committed": texts(committed), "uncommitted": len(every)}, err
}

// member reads as one of a group until ctx ends.
func (s *sar) member(ctx context.Context, group, topic string, isolation sarama.IsolationLevel, h *claims) (err error) {
	c := s.config()
	c.Consumer.IsolationLevel = isolation
	g, err := sarama.NewConsumerGroup(s.bootstrap, group, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	go func() {
		for err := range g.Errors() {
			if h.tell != nil && ctx.Err() == nil {
				h.tell(err)
			}
		}
	}()
	for ctx.Err() == nil {
		if err := g.Consume(ctx, []string{topic}, h); err != nil {
			return err
		}
	}
	return nil
}
