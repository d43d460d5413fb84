package observe

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// KafkaAdmin makes the client that Kafka's samplers ask. It connects when it is
// first asked; brokers that are away are an error of the sample then. Close it
// when the last sampler is done.
func KafkaAdmin(brokers []string) (*kadm.Client, error) {
	// A sample that fails is soon followed by another: retries would only make
	// an outage look slow.
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ClientID("faultline-sampler"), kgo.RequestRetries(1),
		kgo.DialTimeout(2*time.Second), kgo.RetryTimeout(3*time.Second))
	if err != nil {
		return nil, fmt.Errorf("sampling kafka at %v: %w", brokers, err)
	}
	return kadm.NewClient(c), nil
}
