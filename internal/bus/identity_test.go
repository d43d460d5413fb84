package bus_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
)

// TestATopicKeepsItsIdentityUntilItIsMadeAnew: over a restart of Kafka, and no
// longer than it lives.
func TestATopicKeepsItsIdentityUntilItIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	k := startKafka(t, embedded.KafkaConfig{Dir: dir})
	identify := func(b *bus.Bus) string {
		id, err := b.Identity(t.Context(), b.Topics().Events)
		require.NoError(t, err)
		return id
	}
	first := identify(openBus(t, bus.Config{Brokers: []string{k.Addr()}}))
	require.NoError(t, k.Close())
	k = startKafka(t, embedded.KafkaConfig{Dir: dir})
	b := openBus(t, bus.Config{Brokers: []string{k.Addr()}})
	assert.Equal(t, first, identify(b))
	other, err := b.Identity(t.Context(), b.Topics().Readings)
	require.NoError(t, err)
	assert.NotEqual(t, first, other)

	client, err := kgo.NewClient(kgo.SeedBrokers(k.Addr()))
	require.NoError(t, err)
	defer client.Close()
	gone, err := kadm.NewClient(client).DeleteTopics(t.Context(), b.Topics().Events)
	require.NoError(t, err)
	require.NoError(t, gone.Error())
	assert.NotEqual(t, first, identify(openBus(t, bus.Config{Brokers: []string{k.Addr()}})), "made anew")
	_, err = b.Identity(t.Context(), "nowhere")
	require.ErrorContains(t, err, "identifying nowhere")
	elsewhere := startKafka(t, embedded.KafkaConfig{})
	assert.NotEqual(t, first, identify(openBus(t, bus.Config{Brokers: []string{elsewhere.Addr()}})), "another Kafka")
}
