package bus

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"
)

// Subscriber joins a consumer group: each record goes to one member, from the
// oldest on. A nacked record comes again, and holds up its partition. What was
// acked is committed within a second, so after a crash the last second's
// records come once more.
func (b *Bus) Subscriber(group string) (message.Subscriber, error) {
	if group == "" {
		return nil, errors.New("subscribing: the consumer group has no name: use Follower to read without one")
	}
	conf, err := saramaConfig(b.cfg)
	if err != nil {
		return nil, err
	}
	return b.subscriber(group, conf)
}

// Follower reads every partition from its oldest offset, without a group and
// without committing: for folding the log. A new one starts over.
func (b *Bus) Follower() (message.Subscriber, error) {
	conf, err := followerConfig(b.cfg)
	if err != nil {
		return nil, err
	}
	return b.subscriber("", conf)
}

func (b *Bus) subscriber(group string, conf *sarama.Config) (message.Subscriber, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errors.New("subscribing: the bus is closed")
	}
	s, err := kafka.NewSubscriber(kafka.SubscriberConfig{
		Brokers: b.cfg.Brokers, Unmarshaler: marshaler{}, OverwriteSaramaConfig: conf, ConsumerGroup: group,
	}, b.logger())
	if err != nil {
		return nil, fmt.Errorf("opening subscriber of group %q: %w", group, err)
	}
	b.subscribers = append(b.subscribers, s)
	return s, nil
}
