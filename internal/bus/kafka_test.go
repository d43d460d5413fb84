package bus_test

import (
	"context"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/embedded"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// One ticker for the whole process, started by sarama's metrics.
		goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func startKafka(tb testing.TB, cfg embedded.KafkaConfig) *embedded.Kafka {
	tb.Helper()
	if cfg.Dir == "" {
		cfg.Dir = tb.TempDir()
	}
	k, err := embedded.StartKafka(cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, k.Close()) })
	return k
}

func openBus(tb testing.TB, cfg bus.Config) *bus.Bus {
	tb.Helper()
	b, err := bus.Open(cfg, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, b.Close()) })
	require.NoError(tb, b.EnsureTopics(tb.Context()))
	return b
}

func newBus(tb testing.TB) *bus.Bus {
	tb.Helper()
	return openBus(tb, bus.Config{Brokers: []string{startKafka(tb, embedded.KafkaConfig{}).Addr()}})
}

func subscribe(tb testing.TB, s message.Subscriber, topic string) <-chan *message.Message {
	tb.Helper()
	msgs, err := s.Subscribe(tb.Context(), topic)
	require.NoError(tb, err)
	return msgs
}

func next(tb testing.TB, msgs <-chan *message.Message) *message.Message {
	tb.Helper()
	select {
	case m, ok := <-msgs:
		require.True(tb, ok, "the subscription ended")
		return m
	case <-time.After(30 * time.Second):
		require.FailNow(tb, "no message within 30 s")
		return nil
	}
}

func keyed(id, key, payload string) *message.Message {
	m := message.NewMessage(id, []byte(payload))
	origin.SetKey(m, key)
	return m
}

// runRouter runs a hardened router with one handler until the test ends.
func runRouter(t *testing.T, b *bus.Bus, cfg bus.HardenConfig, topic string, h message.NoPublishHandlerFunc) {
	t.Helper()
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 20 * time.Second}, watermill.NopLogger{})
	require.NoError(t, err)
	bus.Harden(router, b, cfg)
	sub, err := b.Subscriber("router")
	require.NoError(t, err)
	router.AddConsumerHandler("under-test", topic, sub, h)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- router.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
}
