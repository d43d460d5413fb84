package bus_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
)

// franz-go answers a question about a topic from memory for five seconds, so
// that a topic which was just made was missing for that long. The bound is no
// claim about speed: it ends before that memory does.
func TestTopicsAreSeenOnceTheyAreMade(t *testing.T) {
	b, err := bus.Open(bus.Config{Brokers: []string{startKafka(t, embedded.KafkaConfig{}).Addr()}}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	require.NoError(t, b.EnsureTopics(ctx))
}
