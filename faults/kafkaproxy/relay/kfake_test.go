package relay_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

func TestMain(m *testing.M) {
	// The metrics of sarama have a goroutine for the life of the process.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

// start runs a proxy for the length of a test.
func start(t *testing.T, config relay.Config) *relay.Proxy {
	t.Helper()
	if config.Log == nil {
		config.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	p, err := relay.New(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	return p
}

func cluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	k, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3), kfake.SeedTopics(3, "trades")}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func client(t *testing.T, seed string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(seed), kgo.FetchMaxWait(100 * time.Millisecond)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// roundTrip produces to all partitions, and reads what came.
func roundTrip(t *testing.T, seed string, opts ...kgo.Opt) {
	t.Helper()
	c := client(t, seed, append(opts, kgo.ConsumeTopics("trades"), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))...)
	ctx := within(t)
	want := map[string]bool{}
	for i := range 30 {
		value := fmt.Sprintf("%d at 3 %s", i, bytes.Repeat([]byte("x"), i*i*100))
		want[value] = true
		require.NoError(t, c.ProduceSync(ctx, &kgo.Record{Topic: "trades", Value: []byte(value)}).FirstErr())
	}
	got := map[string]bool{}
	for len(got) < len(want) {
		f := c.PollFetches(ctx)
		require.NoError(t, f.Err())
		f.EachRecord(func(r *kgo.Record) { got[string(r.Value)] = true })
	}
	assert.Equal(t, want, got)
}

func TestRecordsGoThroughAndComeBack(t *testing.T) {
	for name, faults := range map[string]relay.Faults{
		"untouched": nil, "read": &script{needs: all}, "shaped": &script{needs: relay.NeedShape},
		"encoded anew": &script{
			needs:    all,
			request:  func(*relay.Exchange) relay.Action { return relay.Action{Do: relay.Send} },
			response: func(*relay.Exchange) relay.Action { return relay.Action{Do: relay.Send} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := cluster(t)
			roundTrip(t, start(t, relay.Config{Brokers: k.ListenAddrs(), Faults: faults}).Addr())
		})
	}
}

func TestClientsSeeTheProxyOnly(t *testing.T) {
	k := cluster(t)
	p := start(t, relay.Config{Brokers: k.ListenAddrs()})
	c := client(t, p.Addr())
	admin := kadm.NewClient(c)
	meta, err := admin.Metadata(within(t))
	require.NoError(t, err)
	require.Len(t, meta.Brokers, 3)
	behind := k.ListenAddrs()
	for _, b := range meta.Brokers {
		assert.NotContains(t, behind, fmt.Sprintf("%s:%d", b.Host, b.Port))
	}
	again, err := admin.Metadata(within(t))
	require.NoError(t, err)
	assert.Equal(t, meta.Brokers, again.Brokers, "listeners stay")
	for _, coordinator := range admin.FindGroupCoordinators(within(t), "books") {
		require.NoError(t, coordinator.Err)
		assert.NotContains(t, behind, fmt.Sprintf("%s:%d", coordinator.Host, coordinator.Port))
	}
}

func TestAGroupSharesPartitionsThroughTheProxy(t *testing.T) {
	k := cluster(t)
	p := start(t, relay.Config{Brokers: k.ListenAddrs()})
	ctx := within(t)
	producer := client(t, p.Addr())
	one := client(t, p.Addr(), kgo.ConsumerGroup("books"), kgo.ConsumeTopics("trades"))
	for range 20 {
		require.NoError(t, producer.ProduceSync(ctx, &kgo.Record{Topic: "trades", Value: []byte("x")}).FirstErr())
	}
	for got := 0; got < 20; {
		f := one.PollFetches(ctx)
		require.NoError(t, f.Err())
		got += f.NumRecords()
	}
	require.NoError(t, one.CommitUncommittedOffsets(ctx))
	offsets, err := kadm.NewClient(producer).FetchOffsets(ctx, "books")
	require.NoError(t, err)
	var sum int64
	offsets.Each(func(o kadm.OffsetResponse) { sum += o.At })
	assert.Equal(t, int64(20), sum)
}

func TestATransactionGoesThrough(t *testing.T) {
	k := cluster(t)
	p := start(t, relay.Config{Brokers: k.ListenAddrs()})
	ctx := within(t)
	c := client(t, p.Addr(), kgo.TransactionalID("desk"))
	for _, commit := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		require.NoError(t, c.BeginTransaction())
		value := fmt.Sprintf("committed %v", commit)
		require.NoError(t, c.ProduceSync(ctx, &kgo.Record{Topic: "trades", Value: []byte(value)}).FirstErr())
		require.NoError(t, c.EndTransaction(ctx, commit))
	}
	reader := client(t, p.Addr(), kgo.ConsumeTopics("trades"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	f := reader.PollFetches(ctx)
	require.NoError(t, f.Err())
	require.Equal(t, 1, f.NumRecords())
	assert.Equal(t, fmt.Sprintf("committed %v", kgo.TryCommit), string(f.Records()[0].Value))
}

func TestSaramaGoesThrough(t *testing.T) {
	k := cluster(t)
	p := start(t, relay.Config{Brokers: k.ListenAddrs()})
	config := sarama.NewConfig()
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	producer, err := sarama.NewSyncProducer([]string{p.Addr()}, config)
	require.NoError(t, err)
	defer shut(producer)
	partition, offset, err := producer.SendMessage(&sarama.ProducerMessage{Topic: "trades", Value: sarama.StringEncoder("1 at 3")})
	require.NoError(t, err)
	consumer, err := sarama.NewConsumer([]string{p.Addr()}, config)
	require.NoError(t, err)
	defer shut(consumer)
	of, err := consumer.ConsumePartition("trades", partition, offset)
	require.NoError(t, err)
	defer shut(of)
	select {
	case m := <-of.Messages():
		assert.Equal(t, "1 at 3", string(m.Value))
	case <-within(t).Done():
		t.Fatal("nothing came")
	}
}
