package handlers_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/embedded"
)

// TestTheOutboxOfNATS takes Kafka and then NATS away, and ends the forwarder
// in between: what was kept comes to Kafka, in order.
func TestTheOutboxOfNATS(t *testing.T) {
	dir := t.TempDir()
	server, err := embedded.StartNATS(embedded.NATSConfig{Dir: dir})
	require.NoError(t, err)
	conn, err := halt.Connect(halt.Config{URL: server.URL(), Name: t.Name()})
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.OpenOutbox(t.Context()))
	r := newRelay()
	r.broker.set(true)
	life := func() (end func()) {
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		f := &handlers.Forwarder{Take: conn.Take, Publisher: r.broker, Topic: "chaos.commands", Ahead: r.ahead, Log: slog.New(slog.DiscardHandler)}
		go func() { done <- f.Run(ctx) }()
		return func() { stop(); require.NoError(t, <-done) }
	}
	keep := func(id string) {
		e := note(id)
		require.Eventually(t, func() bool { return handlers.Keeper{Put: conn.Put}.Keep(t.Context(), e) == nil }, 20*time.Second, 10*time.Millisecond)
	}
	end := life()
	keep("1")
	keep("2")
	end()
	end = life()
	keep("3")
	at := strings.TrimPrefix(server.URL(), "nats://")
	require.NoError(t, server.Close())
	server, err = embedded.StartNATS(embedded.NATSConfig{Dir: dir, Addr: at})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	keep("4")
	r.broker.set(false)
	assert.Eventually(t, func() bool { return len(r.broker.ids()) >= 4 }, 30*time.Second, 10*time.Millisecond)
	end()
	assert.Equal(t, numbers(1, 4), r.broker.ids())
}
