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

func startKafka(t testing.TB, cfg embedded.KafkaConfig) *embedded.Kafka {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	k, err := embedded.StartKafka(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, k.Close()) })
	return k
}

func openBus(t testing.TB, cfg bus.Config) *bus.Bus {
	t.Helper()
	b, err := bus.Open(cfg, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	require.NoError(t, b.EnsureTopics(t.Context()))
	return b
}

func newBus(t testing.TB) *bus.Bus {
	t.Helper()
	return openBus(t, bus.Config{Brokers: []string{startKafka(t, embedded.KafkaConfig{}).Addr()}})
}

func subscribe(t testing.TB, s message.Subscriber, topic string) <-chan *message.Message {
	t.Helper()
	msgs, err := s.Subscribe(t.Context(), topic)
	require.NoError(t, err)
	return msgs
}

func next(t testing.TB, msgs <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, ok := <-msgs:
		require.True(t, ok, "the subscription ended")
		return m
	case <-time.After(30 * time.Second):
		require.FailNow(t, "no message within 30 s")
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
