package bus_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
)

// fill publishes n records in bulk, as any other producer would.
func fill(tb testing.TB, addr, topic string, n int) {
	tb.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(topic))
	require.NoError(tb, err)
	defer client.Close()
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{
			Key: fmt.Appendf(nil, "k%d", i%50), Value: fmt.Append(nil, i),
			Headers: []kgo.RecordHeader{{Key: "ce_id", Value: fmt.Append(nil, i)}},
		}
	}
	require.NoError(tb, client.ProduceSync(tb.Context(), records...).FirstErr())
}

func TestReadToHandsOnEveryRecordOnceInOrder(t *testing.T) {
	const n = 25_000
	addr := startKafka(t, embedded.KafkaConfig{}).Addr()
	b := openBus(t, bus.Config{Brokers: []string{addr}})
	topic := b.Topics().Readings
	fill(t, addr, topic, n)
	to, err := b.EndOffsets(t.Context(), topic)
	require.NoError(t, err)
	half := map[int32]int64{}
	for p, end := range to {
		half[p] = end / 2
	}
	at, values := map[int32]int64{}, map[string]int{}
	each := func(records []bus.Record) error {
		for _, r := range records {
			require.Equal(t, at[r.Partition], r.Offset, "partition %d has a hole", r.Partition)
			at[r.Partition]++
			values[string(r.Value)]++
			require.Equal(t, string(r.Value), r.Headers["ce_id"])
			require.Equal(t, topic, r.Topic)
		}
		return nil
	}
	require.NoError(t, b.ReadTo(t.Context(), topic, nil, half, each))
	assert.Equal(t, half, at, "it read past its end, or stopped before")
	require.NoError(t, b.ReadTo(t.Context(), topic, maps.Clone(at), to, each))
	assert.Equal(t, to, at)
	assert.Len(t, values, n)
	require.NoError(t, b.ReadTo(t.Context(), topic, at, to, func([]bus.Record) error { return errors.New("nothing was left") }))
}

func TestReadGoesOnUntilItsContextEnds(t *testing.T) {
	b := newBus(t)
	topic := b.Topics().Readings
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, b.Publisher().Publish(topic, keyed("1", "k", "a")))
	var got []string
	err := b.Read(ctx, topic, nil, func(records []bus.Record) error {
		for _, r := range records {
			got = append(got, string(r.Value))
			assert.Equal(t, "k", string(r.Key))
		}
		if len(got) == 1 {
			return b.Publisher().Publish(topic, keyed("2", "k", "b"))
		}
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []string{"a", "b"}, got)

	full := errors.New("disk full")
	assert.ErrorIs(t, b.Read(t.Context(), topic, nil, func([]bus.Record) error { return full }), full)
}

func TestDeletedRecordsAreAGap(t *testing.T) {
	addr := startKafka(t, embedded.KafkaConfig{}).Addr()
	b := openBus(t, bus.Config{Brokers: []string{addr}})
	topic := b.Topics().Readings
	fill(t, addr, topic, 1000)
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	require.NoError(t, err)
	defer client.Close()
	cut := kadm.Offsets{}
	cut.AddOffset(topic, 0, 5, -1)
	_, err = kadm.NewClient(client).DeleteRecords(t.Context(), cut)
	require.NoError(t, err)
	err = b.ReadTo(t.Context(), topic, map[int32]int64{0: 2}, map[int32]int64{0: 10}, func([]bus.Record) error { return nil })
	var gap *bus.GapError
	require.ErrorAs(t, err, &gap)
	assert.Equal(t, int64(2), gap.Want)
	assert.Equal(t, topic, gap.Topic)

	from := bus.Next(map[int32]int64{0: 1}, []bus.Record{{Partition: 0, Offset: 4}, {Partition: 3, Offset: 7}})
	assert.Equal(t, map[int32]int64{0: 5, 3: 8}, from)
}
