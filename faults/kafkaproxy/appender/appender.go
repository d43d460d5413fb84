// Package appender is the proxy's own producer: it appends batches as they
// are to a partition of the cluster behind the proxy. It is connected to the
// brokers themselves, so that no fault of the proxy meets it.
package appender

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// Config says how to reach the cluster. Brokers is needed.
type Config struct {
	Brokers []string
	TLS     *tls.Config // nil: plain text
	SASL    SASL
	// Dial connects to a broker; nil: as the system does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// SASL is who the producer is. The zero value is nobody.
type SASL struct{ Mechanism, User, Password string }

// Appender connects with the first batch. It is safe for concurrent use.
type Appender struct {
	config Config

	mu     sync.Mutex
	client *kgo.Client
}

// New checks the configuration and connects to nothing.
func New(c Config) (*Appender, error) {
	if _, err := c.SASL.mechanism(); err != nil {
		return nil, err
	}
	return &Appender{config: c}, nil
}

const (
	tries = 4
	pause = 100 * time.Millisecond
	acks  = -1 // all replicas in sync
	// timeout is how long the leader may wait for them, in milliseconds.
	timeout = 10_000
)

// Append appends one record batch and returns once every replica in sync has
// it. It tries again where the leader has moved, and for nothing else: a batch
// whose fate is not known is not appended twice.
func (a *Appender) Append(ctx context.Context, topic string, partition int32, batch []byte) error {
	client, err := a.open()
	for try := 0; err == nil; try++ {
		err = appendOnce(ctx, client, topic, partition, batch)
		moved := errors.Is(err, kerr.NotLeaderForPartition) || errors.Is(err, kerr.LeaderNotAvailable) || errors.Is(err, kerr.UnknownTopicOrPartition)
		if err == nil || !moved || try == tries {
			break
		}
		select {
		case <-time.After(pause << try):
			err = nil
		case <-ctx.Done():
		}
	}
	if err != nil {
		return fmt.Errorf("appending a batch to %s/%d by the proxy's own producer: %w", topic, partition, err)
	}
	return nil
}

// Close ends the connection, if there is one.
func (a *Appender) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client != nil {
		a.client.Close()
	}
}

func (a *Appender) open() (*kgo.Client, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client != nil {
		return a.client, nil
	}
	opts := []kgo.Opt{kgo.SeedBrokers(a.config.Brokers...), kgo.ClientID("faultline-kafka-proxy"), kgo.RetryTimeout(10 * time.Second)}
	if a.config.Dial != nil {
		opts = append(opts, kgo.Dialer(a.config.Dial))
	}
	if a.config.TLS != nil {
		opts = append(opts, kgo.DialTLSConfig(a.config.TLS))
	}
	mechanism, err := a.config.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	if mechanism != nil {
		opts = append(opts, kgo.SASL(mechanism))
	}
	a.client, err = kgo.NewClient(opts...)
	return a.client, err
}

func (s SASL) mechanism() (sasl.Mechanism, error) {
	auth := scram.Auth{User: s.User, Pass: s.Password}
	switch s.Mechanism {
	case "":
		return nil, nil //nolint:nilnil // nobody in particular
	case "PLAIN":
		return plain.Auth{User: s.User, Pass: s.Password}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return auth.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return auth.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("SASL mechanism %q of the proxy's own producer: write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
}

// appendOnce asks for the leader, and it.
func appendOnce(ctx context.Context, c *kgo.Client, topic string, partition int32, batch []byte) error {
	leader, id, err := leaderOf(ctx, c, topic, partition)
	if err != nil {
		return err
	}
	q := kmsg.NewPtrProduceRequest()
	q.Acks, q.TimeoutMillis = acks, timeout
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = partition, batch
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.TopicID, t.Partitions = topic, id, append(t.Partitions, p)
	q.Topics = append(q.Topics, t)
	answer, err := c.Broker(int(leader)).Request(ctx, q)
	if err != nil {
		return err
	}
	got, ok := answer.(*kmsg.ProduceResponse)
	if !ok || len(got.Topics) != 1 || len(got.Topics[0].Partitions) != 1 {
		return fmt.Errorf("broker %d did not say what became of it", leader)
	}
	return kerr.ErrorForCode(got.Topics[0].Partitions[0].ErrorCode)
}

func leaderOf(ctx context.Context, c *kgo.Client, topic string, partition int32) (leader int32, id [16]byte, err error) {
	q := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &topic
	q.Topics = append(q.Topics, t)
	m, err := q.RequestWith(ctx, c)
	if err != nil {
		return 0, id, err
	}
	for _, t := range m.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return 0, id, err
		}
		for _, p := range t.Partitions {
			if p.Partition == partition {
				return p.Leader, t.TopicID, kerr.ErrorForCode(p.ErrorCode)
			}
		}
	}
	return 0, id, kerr.UnknownTopicOrPartition
}
