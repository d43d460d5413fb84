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
type kafka struct {
	*kadm.Client
	asked bool // to change something, whatever came of it
}

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
	return &kafka{Client: kadm.NewClient(c)}, nil
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

// planned is errGone unless the topic that a receipt names, if it names one, is
// there and has its id.
func (k *kafka) planned(ctx context.Context, r faults.Receipt) error {
	name := r.Undo[undoTopic]
	if name == "" {
		return nil
	}
	t, err := k.topic(ctx, name)
	if err != nil {
		return err
	}
	if t.ID.String() != r.Undo[undoTopicID] {
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

// settleWithin bounds how long a request that changes something is waited for,
// even when ctx has ended: one whose outcome is not known could be carried out
// after the rollback has looked.
const settleWithin = 5 * time.Second

func (k *kafka) settled(ctx context.Context) (context.Context, context.CancelFunc) {
	k.asked = true
	return context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
}

// said is an answer's error with what the broker says about it.
func said(err error, message string) error {
	if err == nil || message == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, message)
}
