package bus_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
)

// A broker that has not heard yet that it leads a partition says so. franz-go
// asks again for the first broker that does, and hands on what others say. On
// three real brokers that ended a first start, right after topics were made.
func TestOffsetsAreAskedAgainWhileLeadersMove(t *testing.T) {
	k := startKafka(t, embedded.KafkaConfig{Nodes: 3})
	b := openBus(t, bus.Config{Brokers: []string{k.Addr()}})
	var refusals atomic.Int32
	k.Cluster().ControlKey(int16(kmsg.ListOffsets), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if refusals.Add(1) > 3 {
			return nil, nil, false
		}
		k.Cluster().KeepControl()
		request := r.(*kmsg.ListOffsetsRequest)
		answer := request.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, topic := range request.Topics {
			at := kmsg.NewListOffsetsResponseTopic()
			at.Topic = topic.Topic
			for _, p := range topic.Partitions {
				part := kmsg.NewListOffsetsResponseTopicPartition()
				part.Partition, part.ErrorCode = p.Partition, kerr.NotLeaderForPartition.Code
				at.Partitions = append(at.Partitions, part)
			}
			answer.Topics = append(answer.Topics, at)
		}
		return answer, nil, true
	})
	ends, err := b.EndOffsets(t.Context(), b.Topics().Events)
	require.NoError(t, err)
	assert.Len(t, ends, bus.DefaultPartitions)
	assert.Greater(t, refusals.Load(), int32(3))
}

func TestOffsetsSinceATime(t *testing.T) {
	b := newBus(t)
	topic := b.Topics().GroundTruth
	require.NoError(t, b.Publisher().Publish(topic, keyed("1", "x", "early")))
	ends, err := b.EndOffsets(t.Context(), topic)
	require.NoError(t, err)
	all, err := b.OffsetsSince(t.Context(), topic, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	later, err := b.OffsetsSince(t.Context(), topic, time.Now().Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, ends, later, "nothing is that late")
	for p, end := range ends {
		if end > 0 {
			assert.Equal(t, int64(0), all[p])
		}
	}
	assert.Len(t, all, len(ends))
}
