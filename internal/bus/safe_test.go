package bus

import (
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSaramaIsConfiguredToLoseNothing(t *testing.T) {
	c, err := saramaConfig(Config{Brokers: []string{"127.0.0.1:1"}}.withDefaults())
	require.NoError(t, err)
	assert.Equal(t, sarama.WaitForAll, c.Producer.RequiredAcks)
	assert.True(t, c.Producer.Idempotent)
	assert.Equal(t, 1, c.Net.MaxOpenRequests)
	assert.Equal(t, sarama.OffsetOldest, c.Consumer.Offsets.Initial)
	assert.False(t, c.Metadata.AllowAutoTopicCreation)
	assert.Equal(t, 1<<20, c.Producer.MaxMessageBytes)
	assert.Greater(t, c.Net.ReadTimeout, c.Consumer.MaxWaitTime, "an idle fetch must not look like a dead broker")
	assert.True(t, c.Consumer.Return.Errors)

	f, err := followerConfig(Config{Brokers: []string{"127.0.0.1:1"}}.withDefaults())
	require.NoError(t, err)
	assert.False(t, f.Consumer.Return.Errors, "nobody reads a follower's errors")
}

func TestKeysGoWhereJavaPutsThem(t *testing.T) {
	// Hashes from org.apache.kafka.common.utils.UtilsTest.testMurmur2, made
	// positive and taken modulo the number of partitions as Java does.
	hashes := map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
	}
	c, err := saramaConfig(Config{Brokers: []string{"127.0.0.1:1"}}.withDefaults())
	require.NoError(t, err)
	for key, hash := range hashes {
		for _, n := range []int32{1, 6, 64} {
			got, err := c.Producer.Partitioner("t").Partition(&sarama.ProducerMessage{Key: sarama.StringEncoder(key)}, n)
			require.NoError(t, err)
			assert.Equal(t, (hash&0x7fffffff)%n, got, "key %q of %d partitions", key, n)
		}
	}
}

func TestBackoffOutlastsARestart(t *testing.T) {
	c, err := saramaConfig(Config{Brokers: []string{"127.0.0.1:1"}}.withDefaults())
	require.NoError(t, err)
	var all time.Duration
	for i := 1; i <= c.Producer.Retry.Max; i++ {
		all += c.Producer.Retry.BackoffFunc(i, c.Producer.Retry.Max)
	}
	assert.Greater(t, all, 10*time.Second)
	assert.Less(t, all, time.Minute)
}
