package embedded_test

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/internal/embedded"
)

// batch is one of three records.
func batch(pid int64, sequence int32) []byte {
	var records []byte
	for n := range int32(3) {
		r := kmsg.NewRecord()
		r.OffsetDelta, r.Value = n, []byte("trade")
		r.Length = int32(len(r.AppendTo(nil)) - 1) // its own length takes one byte
		records = r.AppendTo(records)
	}
	b := kmsg.NewRecordBatch()
	b.PartitionLeaderEpoch, b.Magic, b.LastOffsetDelta, b.ProducerID, b.FirstSequence = -1, 2, 2, pid, sequence
	b.NumRecords, b.Records = 3, records
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

func send(ctx context.Context, t *testing.T, cl *kgo.Client, raw []byte) (offset int64, err error) {
	t.Helper()
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 5000
	topic := kmsg.NewProduceRequestTopic()
	meta, err := kadm.NewClient(cl).ListTopics(ctx, "t")
	require.NoError(t, err)
	topic.Topic, topic.TopicID = "t", meta["t"].ID
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records = raw
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	res, err := req.RequestWith(ctx, cl)
	require.NoError(t, err)
	answer := res.Topics[0].Partitions[0]
	return answer.BaseOffset, kerr.ErrorForCode(answer.ErrorCode)
}

// TestABatchIsKnownAgainAfterAKill copies the broker's folder while it runs: that
// is what a SIGKILL leaves of it.
func TestABatchIsKnownAgainAfterAKill(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dir := t.TempDir()
	open := func(dir string) (*embedded.Kafka, *kgo.Client) {
		k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: dir})
		require.NoError(t, err)
		cl, err := kgo.NewClient(kgo.SeedBrokers(k.Addr()))
		require.NoError(t, err)
		return k, cl
	}
	k, cl := open(dir)
	_, err := kadm.NewClient(cl).CreateTopic(ctx, 1, 1, nil, "t")
	require.NoError(t, err)
	init, err := kmsg.NewPtrInitProducerIDRequest().RequestWith(ctx, cl)
	require.NoError(t, err)
	for n := range int32(7) { // more than a broker remembers
		offset, err := send(ctx, t, cl, batch(init.ProducerID, 3*n))
		require.NoError(t, err)
		require.EqualValues(t, 3*n, offset)
		if n == 2 { // notes of an end in good order, which the kill leaves behind
			cl.Close()
			require.NoError(t, k.Close())
			k, cl = open(dir)
		}
	}
	after := t.TempDir()
	require.NoError(t, os.CopyFS(after, os.DirFS(dir)))
	cl.Close()
	require.NoError(t, k.Close())

	k, cl = open(after)
	defer k.Close() //nolint:errcheck // never fails
	defer cl.Close()
	offset, err := send(ctx, t, cl, batch(init.ProducerID, 18))
	require.NoError(t, err)
	require.EqualValues(t, 18, offset, "a batch that is there was written once more")
	offset, err = send(ctx, t, cl, batch(init.ProducerID, 21))
	require.NoError(t, err)
	require.EqualValues(t, 21, offset, "the next one comes next")
	_, err = send(ctx, t, cl, batch(init.ProducerID, 99))
	require.ErrorIs(t, err, kerr.OutOfOrderSequenceNumber)
}
