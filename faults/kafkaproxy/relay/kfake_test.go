package relay_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(seed)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestARecordGoesThroughAndComesBack(t *testing.T) {
	k := cluster(t)
	p := start(t, relay.Config{Brokers: k.ListenAddrs()})
	c := client(t, p.Addr(), kgo.ConsumeTopics("trades"))
	ctx := within(t)
	for range 10 {
		require.NoError(t, c.ProduceSync(ctx, &kgo.Record{Topic: "trades", Value: []byte("100 at 3")}).FirstErr())
	}
	for got := 0; got < 10; {
		f := c.PollFetches(ctx)
		require.NoError(t, f.Err())
		got += f.NumRecords()
	}
}
