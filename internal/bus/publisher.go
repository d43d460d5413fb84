package bus

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/k2-platform/faultline/internal/bus/poison"
)

// publisher is a producer of the bus. Watermill's router closes what it is
// handed; this one closes with the bus.
type publisher struct{ kafka *kafka.Publisher }

// openPublisher opens one more.
func (b *Bus) openPublisher() (*publisher, error) {
	conf, err := saramaConfig(b.cfg)
	if err != nil {
		return nil, err
	}
	k, err := kafka.NewPublisher(kafka.PublisherConfig{
		Brokers: b.cfg.Brokers, Marshaler: marshaler{}, OverwriteSaramaConfig: conf,
	}, b.logger())
	if err != nil {
		return nil, fmt.Errorf("opening kafka producer at %v: %w", b.cfg.Brokers, err)
	}
	p := &publisher{k}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.publishers = append(b.publishers, p)
	return p, nil
}

func (p *publisher) Publish(topic string, msgs ...*message.Message) error {
	err := p.kafka.Publish(topic, msgs...)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("publishing to %s: %w", topic, err)
	if tooLarge(err) {
		return poison.New(err)
	}
	return err
}

// tooLarge says that the producer, or the broker, will never take a record:
// it is longer than either lets through.
func tooLarge(err error) bool {
	_, refused := errors.AsType[sarama.ConfigurationError](err)
	return refused || errors.Is(err, sarama.ErrMessageSizeTooLarge)
}

func (*publisher) Close() error { return nil }

// Publisher returns the shared producer. Publish returns once all in-sync
// replicas have the record; it sends one by one, retries for about 24 s while
// Kafka is away, and takes no context. Its Close does nothing.
func (b *Bus) Publisher() message.Publisher { return b.publisher }

// OwnPublisher opens a producer that nobody else uses, for records that are
// many: a producer has one request open at a time, and what is decided is not to
// wait behind what is only recorded. It closes with the bus.
func (b *Bus) OwnPublisher() (message.Publisher, error) { return b.openPublisher() }
