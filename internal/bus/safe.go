package bus

import (
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// clientID names this program in brokers' logs and quotas.
const clientID = "faultline"

// How long a broker holds a fetch open when there is nothing to read. It
// delays no record; each end of it wakes reader and broker.
const (
	// fetchWait is also how long a subscriber may take to close.
	fetchWait = time.Second
	// readWait is of bulk reads, which close at once.
	readWait = 2 * time.Second
)

// saramaConfig is the one place where sarama's defaults, which lose records,
// are replaced: acknowledged by all replicas, idempotent, one request in
// flight (so a retry cannot overtake), and from the oldest record on.
func saramaConfig(cfg Config) (*sarama.Config, error) {
	c := sarama.NewConfig()
	c.ClientID = clientID
	c.Version = sarama.V3_6_0_0 // spoken by Kafka 3.6 to 4.3 and by kfake
	c.Net.MaxOpenRequests = 1
	c.Net.DialTimeout = 5 * time.Second
	c.Net.ReadTimeout = 15 * time.Second
	c.Net.WriteTimeout = 15 * time.Second
	c.Metadata.Full = false
	c.Metadata.AllowAutoTopicCreation = false
	c.Metadata.Retry.Max = 10
	c.Metadata.Retry.BackoffFunc = sarama.NewExponentialBackoff(50*time.Millisecond, 2*time.Second)

	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Idempotent = true
	c.Producer.Return.Successes = true
	c.Producer.Return.Errors = true
	c.Producer.MaxMessageBytes = cfg.MaxMessageBytes
	// murmur2 is what the Java client, librdkafka's java-compatible mode and
	// franz-go use: a key has one partition, whoever publishes.
	c.Producer.Partitioner = sarama.NewMurmur2Partitioner
	// Fifteen tries are about 24 s: a broker's restart, not an outage.
	c.Producer.Retry.Max = 15
	c.Producer.Retry.BackoffFunc = sarama.NewExponentialBackoff(100*time.Millisecond, 2*time.Second)

	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Enable = true // of acked records only: watermill marks on ack
	c.Consumer.Offsets.AutoCommit.Interval = time.Second
	c.Consumer.MaxWaitTime = fetchWait
	c.Consumer.Return.Errors = true
	// The least that brokers allow by default: after a crash the partitions
	// of the dead member are free again that soon.
	c.Consumer.Group.Session.Timeout = 6 * time.Second
	c.Consumer.Group.Heartbeat.Interval = 2 * time.Second
	if err := secureSarama(c, cfg); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuring sarama: %w", err)
	}
	return c, nil
}

// followerConfig is saramaConfig for a reader without a group. Watermill
// reads no errors of such a reader, and sarama would block on them for ever
// after the first few hundred.
func followerConfig(cfg Config) (*sarama.Config, error) {
	c, err := saramaConfig(cfg)
	if err != nil {
		return nil, err
	}
	c.Consumer.Return.Errors = false
	return c, nil
}
