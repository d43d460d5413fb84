package topic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/pause"
)

// errGone says that the receipt's topic is no longer there.
var errGone = errors.New("the topic was deleted")

// gone says so of an error, whoever was the first to notice.
func gone(err error) bool {
	return errors.Is(err, errGone) || errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID)
}

// kafka is the admin API of one cluster.
type kafka struct{ *kadm.Client }

type topic = kadm.TopicDetail

const (
	clientID    = "faultline"
	dialWithin  = 2 * time.Second
	retryWithin = 5 * time.Second // of one request, over all brokers
)

// connect prepares a connection; the first request makes it.
func connect(brokers []string, more ...kgo.Opt) (*kafka, error) {
	if len(brokers) == 0 {
		return nil, errors.New("nothing says which Kafka to ask; write brokers: [host:9092]")
	}
	dialer := net.Dialer{Timeout: dialWithin}
	c, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(brokers...), kgo.ClientID(clientID), kgo.Dialer(dialer.DialContext),
		kgo.RetryTimeout(retryWithin), kgo.MetadataMinAge(10 * time.Millisecond),
	}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("connecting to Kafka at %v: %w", brokers, err)
	}
	return &kafka{kadm.NewClient(c)}, nil
}

// topic describes a topic; one that is not there is faults.ErrRefused.
func (k *kafka) topic(ctx context.Context, name string) (topic, error) {
	all, err := k.ListTopics(ctx, name)
	if err != nil {
		return topic{}, fmt.Errorf("describing topic %s: %w", name, err)
	}
	t := all[name]
	if errors.Is(t.Err, kerr.UnknownTopicOrPartition) {
		return topic{}, fmt.Errorf("%w: Kafka has no topic %s; name one that is there: %w", faults.ErrRefused, name, errGone)
	}
	if t.Err != nil || len(t.Partitions) == 0 {
		return topic{}, fmt.Errorf("describing topic %s: %w", name, errors.Join(t.Err, errors.New("it has no partition that can be seen")))
	}
	return t, nil
}

// same is errGone unless the topic is there and has the id.
func (k *kafka) same(ctx context.Context, name, id string) error {
	t, err := k.topic(ctx, name)
	if err != nil {
		return err
	}
	if t.ID.String() != id {
		return fmt.Errorf("topic %s was made anew since it was planned for: %w", name, errGone)
	}
	return nil
}

// until asks again and again, until the answer is yes or ctx ends.
func until(ctx context.Context, what string, ok func() (bool, error)) error {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		done, err := ok()
		if done || err != nil {
			return err
		}
		if !pause.For(ctx, wait) {
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		}
	}
}

// said is an answer's error with what the broker says about it.
func said(err error, message string) error {
	if err == nil || message == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, message)
}
