package record_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
)

// A broker takes what was edited on produce, and a client reads it from there.
func TestABrokerTakesWhatWasEdited(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	require.NoError(t, err)
	defer cluster.Close()
	cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...),
		kgo.MaxVersions(kversion.V3_7_0()), // later ones call topics by their ids
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().AtStart()}}))
	require.NoError(t, err)
	defer cl.Close()

	var want []string
	for _, kind := range kinds() {
		raw, err := record.Edit(encoded(t, plainBatch(kind, 0, 5)), func(b *record.Batch) (bool, error) {
			b.Drop([]int{0, 3}, true)
			return b.Reorder(0, 2), nil
		})
		require.NoError(t, err)
		want = append(want, "v4", "v2", "v1")

		part := kmsg.NewProduceRequestTopicPartition()
		part.Records = raw
		topic := kmsg.NewProduceRequestTopic()
		topic.Topic, topic.Partitions = "t", []kmsg.ProduceRequestTopicPartition{part}
		req := kmsg.NewPtrProduceRequest()
		req.Acks, req.TimeoutMillis, req.Topics = -1, 5_000, []kmsg.ProduceRequestTopic{topic}
		resp, err := cl.Broker(0).Request(t.Context(), req)
		require.NoError(t, err)
		answer := resp.(*kmsg.ProduceResponse).Topics[0].Partitions[0]
		require.Zero(t, answer.ErrorCode, "the broker refuses a batch of %s", kind)
	}
	var got []string
	for len(got) < len(want) {
		fetches := cl.PollFetches(t.Context())
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	require.Equal(t, want, got)
}
