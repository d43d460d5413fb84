package bus_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
)

// TestWhatAGroupHasCommitted: nothing is said of what it never committed, nor of
// a group that is not there.
func TestWhatAGroupHasCommitted(t *testing.T) {
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	client := topicOf(t, k.Addr(), "trades", 2)
	b, err := bus.Open(bus.Config{Brokers: []string{k.Addr()}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	none, err := b.CommittedBy(t.Context(), "sink", "trades")
	require.NoError(t, err)
	assert.Empty(t, none)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: "trades", Partition: 1, At: 7, LeaderEpoch: -1})
	require.NoError(t, kadm.NewClient(client).CommitAllOffsets(t.Context(), "sink", offsets))
	some, err := b.CommittedBy(t.Context(), "sink", "trades")
	require.NoError(t, err)
	assert.Equal(t, map[int32]int64{1: 7}, some)
}
