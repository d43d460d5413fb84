// Package bus is the way to Kafka: topics, keys, safe configuration, the order
// of middleware, and the reader of the log. It alone imports Kafka clients; it
// does not know what the records say.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// openTimeout bounds the first contact.
const openTimeout = 10 * time.Second

// Bus is a connection to the Kafka that carries the chaos log. It is safe for
// concurrent use; Close it last.
type Bus struct {
	cfg       Config
	topics    Topics
	log       *slog.Logger
	client    *kgo.Client
	admin     *kadm.Client
	publisher *publisher // the shared one

	mu          sync.Mutex
	closed      bool
	publishers  []*publisher // all
	subscribers []message.Subscriber
}

// Open connects. It fails when no broker answers within ten seconds. A nil
// log is silent.
func Open(cfg Config, log *slog.Logger) (*Bus, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configuring kafka: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cfg = cfg.withDefaults()
	b := &Bus{cfg: cfg, topics: TopicsOf(cfg.Prefix), log: log}
	// What the log consists of is asked of the broker, not of the client's
	// memory: that knows nothing of a topic for seconds after it was made.
	client, err := b.franz(kgo.MetadataMinAge(leaderPoll))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	if err := client.Ping(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("connecting to kafka at %v: %w: is it running, and are tls and sasl as it wants them?", cfg.Brokers, err)
	}
	b.client, b.admin = client, kadm.NewClient(client)
	if b.publisher, err = b.openPublisher(); err != nil {
		client.Close()
		return nil, err
	}
	return b, nil
}

// franz makes a franz-go client with the options that each one needs.
func (b *Bus) franz(more ...kgo.Opt) (*kgo.Client, error) {
	opts, err := secureFranz(b.cfg)
	if err != nil {
		return nil, err
	}
	opts = append(opts, kgo.SeedBrokers(b.cfg.Brokers...), kgo.ClientID(clientID))
	client, err := kgo.NewClient(append(opts, more...)...)
	if err != nil {
		return nil, fmt.Errorf("configuring franz-go: %w", err)
	}
	return client, nil
}

// Topics returns the names of the topics.
func (b *Bus) Topics() Topics { return b.topics }

// MaxMessageBytes is how large a record with key and headers may be.
func (b *Bus) MaxMessageBytes() int { return b.cfg.MaxMessageBytes }

// Close ends all subscribers and publishers. It is idempotent.
func (b *Bus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	problems := make([]error, len(b.subscribers)+1)
	var wait sync.WaitGroup
	for i, s := range b.subscribers {
		wait.Go(func() { problems[i] = s.Close() }) // each may wait for its open fetch
	}
	wait.Wait()
	for _, p := range b.publishers {
		problems = append(problems, p.kafka.Close())
	}
	b.client.Close()
	return errors.Join(problems...)
}

// logger hands watermill's log on. Its Info is about every connection, so it
// goes out as Debug: normal operation is silent.
func (b *Bus) logger() watermill.LoggerAdapter {
	return newCalm(watermill.NewSlogLoggerWithLevelMapping(b.log, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug}))
}
