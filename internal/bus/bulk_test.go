package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
)

// topicOf makes a topic, and what produces to it.
func topicOf(tb testing.TB, addr, topic string, partitions int32) *kgo.Client {
	tb.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(tb, err)
	tb.Cleanup(client.Close)
	made, err := kadm.NewClient(client).CreateTopic(tb.Context(), partitions, 1, nil, topic)
	require.NoError(tb, err)
	require.NoError(tb, made.Err)
	return client
}

func produce(tb testing.TB, client *kgo.Client, from, n int) {
	tb.Helper()
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{Key: fmt.Append(nil, from+i), Value: fmt.Append(nil, "value ", from+i)}
	}
	require.NoError(tb, client.ProduceSync(tb.Context(), records...).FirstErr())
}

// bulkRead collects the offsets of a bulk read of topic bulk, and checks its records.
func bulkRead(t *testing.T, b *bus.Bus, from, to int64) (offsets []int64, holes []bus.Hole) {
	t.Helper()
	holes, next, err := b.ReadPartition(t.Context(), "bulk", 0, from, to, func(all []bus.Raw) error {
		for _, r := range all {
			offsets = append(offsets, r.Offset)
			require.Equal(t, "value "+string(r.Key), string(r.Value))
			require.Positive(t, r.Millis)
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, to, next)
	return offsets, holes
}

func TestABulkReadHasEveryRecordOnceInOrder(t *testing.T) {
	addr := startKafka(t, embedded.KafkaConfig{}).Addr()
	b := openBus(t, bus.Config{Brokers: []string{addr}})
	client := topicOf(t, addr, "bulk", 1)
	produce(t, client, 0, 20_000)
	end, err := b.Committed(t.Context(), "bulk")
	require.NoError(t, err)
	require.Equal(t, map[int32]int64{0: 20_000}, end)
	offsets, holes := bulkRead(t, b, 5, 19_990)
	require.Empty(t, holes)
	require.Len(t, offsets, 19_985)
	for i, o := range offsets {
		require.Equal(t, int64(i+5), o)
	}
	offsets, _ = bulkRead(t, b, 7, 7)
	require.Empty(t, offsets)
}

// TestABulkReadNamesWhatRetentionTook and goes on behind it.
func TestABulkReadNamesWhatRetentionTook(t *testing.T) {
	addr := startKafka(t, embedded.KafkaConfig{}).Addr()
	b := openBus(t, bus.Config{Brokers: []string{addr}})
	client := topicOf(t, addr, "bulk", 1)
	produce(t, client, 0, 1000)
	var cut kadm.Offsets
	cut.Add(kadm.Offset{Topic: "bulk", Partition: 0, At: 300})
	_, err := kadm.NewClient(client).DeleteRecords(t.Context(), cut)
	require.NoError(t, err)
	offsets, holes := bulkRead(t, b, 100, 900)
	assert.Equal(t, []bus.Hole{{From: 100, To: 300}}, holes)
	assert.Len(t, offsets, 600)
	offsets, holes = bulkRead(t, b, 10, 200)
	assert.Equal(t, []bus.Hole{{From: 10, To: 200}}, holes)
	assert.Empty(t, offsets)
}

// TestABulkReadLeavesOutWhatWasAborted, which is no hole: nobody was promised
// it.
func TestABulkReadLeavesOutWhatWasAborted(t *testing.T) {
	addr := startKafka(t, embedded.KafkaConfig{}).Addr()
	b := openBus(t, bus.Config{Brokers: []string{addr}})
	plain := topicOf(t, addr, "bulk", 1)
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("bulk"), kgo.TransactionalID("t"))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	transaction := func(from int, end kgo.TransactionEndTry) {
		require.NoError(t, client.BeginTransaction())
		produce(t, client, from, 10)
		require.NoError(t, client.EndTransaction(t.Context(), end))
	}
	produce(t, plain, 0, 10)        // 0 to 9
	transaction(100, kgo.TryAbort)  // 10 to 19, marker 20
	transaction(200, kgo.TryCommit) // 21 to 30, marker 31
	transaction(300, kgo.TryAbort)  // 32 to 41, marker 42
	ends, err := b.Committed(t.Context(), "bulk")
	require.NoError(t, err)
	offsets, holes := bulkRead(t, b, 0, ends[0])
	assert.Empty(t, holes)
	assert.Len(t, offsets, 20)
	offsets, holes = bulkRead(t, b, 12, 18)
	assert.Empty(t, holes)
	assert.Empty(t, offsets)
}

func TestABulkReadEndsWithTheErrorOfItsReader(t *testing.T) {
	addr := startKafka(t, embedded.KafkaConfig{}).Addr()
	b := openBus(t, bus.Config{Brokers: []string{addr}})
	produce(t, topicOf(t, addr, "bulk", 1), 0, 100)
	stop := errors.New("enough")
	_, _, err := b.ReadPartition(t.Context(), "bulk", 0, 0, 100, func([]bus.Raw) error { return stop })
	require.ErrorIs(t, err, stop)
	_, _, err = b.ReadPartition(t.Context(), "bulk", 9, 0, 100, nil)
	require.ErrorContains(t, err, "no such partition")
	ended, cancel := context.WithCancel(t.Context())
	_, _, err = b.ReadPartition(ended, "bulk", 0, 0, 200, func([]bus.Raw) error { cancel(); return nil })
	require.ErrorIs(t, err, context.Canceled)
}

func BenchmarkBulkRead(b *testing.B) {
	const partitions, each = 4, 250_000
	addr := startKafka(b, embedded.KafkaConfig{}).Addr()
	bus := openBus(b, bus.Config{Brokers: []string{addr}})
	client := topicOf(b, addr, "bulk", partitions)
	pad := strings.Repeat("x", 150)
	for p := range int32(partitions) {
		for n := 0; n < each; n += 10_000 {
			records := make([]*kgo.Record, 10_000)
			for i := range records {
				records[i] = &kgo.Record{Partition: p, Key: fmt.Append(nil, n+i), Value: fmt.Append(nil, n+i, pad)}
			}
			require.NoError(b, client.ProduceSync(b.Context(), records...).FirstErr())
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		var n atomic.Int64
		var group errgroup.Group
		group.SetLimit(2)
		for p := range int32(partitions) {
			group.Go(func() error {
				_, _, err := bus.ReadPartition(b.Context(), "bulk", p, 0, each, countRaw(&n))
				return err
			})
		}
		require.NoError(b, group.Wait())
		require.Equal(b, int64(partitions*each), n.Load())
	}
	b.ReportMetric(float64(b.N*partitions*each)/b.Elapsed().Seconds(), "records/s")
}

func countRaw(n *atomic.Int64) func([]bus.Raw) error {
	return func(all []bus.Raw) error { n.Add(int64(len(all))); return nil }
}
