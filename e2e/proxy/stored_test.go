//go:build e2e

package proxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// contents reads a whole topic from the brokers themselves.
func contents(t *testing.T, brokers []string, topic string) (out []*kgo.Record) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer c.Close()
	for ctx.Err() == nil {
		wait, enough := context.WithTimeout(ctx, 2*time.Second)
		some := c.PollFetches(wait).Records()
		enough()
		if len(some) == 0 && len(out) > 0 {
			return out
		}
		out = append(out, some...)
	}
	require.NotEmpty(t, out, "records of %s", topic)
	return out
}

// stored says that what a client produced is there as it meant it: compressed
// as it said, by an idempotent producer, and once.
func stored(t *testing.T, brokers []string, prefix string) {
	t.Helper()
	for name, codec := range codecs() {
		values := map[string]bool{}
		for _, r := range contents(t, brokers, prefix+"-"+name) {
			assert.Equal(t, codec, r.Attrs.CompressionType(), "compression of %s", name)
			assert.GreaterOrEqual(t, r.ProducerID, int64(0), "an idempotent producer wrote %s", name)
			assert.False(t, values[string(r.Value)], "%s is there twice", r.Value)
			values[string(r.Value)] = true
		}
		assert.Len(t, values, records, name)
	}
}
