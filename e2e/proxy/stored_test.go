//go:build e2e

package proxy_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// contents reads all that a topic holds from the brokers themselves.
func contents(t *testing.T, brokers []string, topic string) (out []*kgo.Record) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer c.Close()
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, topic)
	require.NoError(t, err)
	left := int64(0)
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	for left > int64(len(out)) { // no transaction wrote there, so that each offset is a record's
		some := c.PollFetches(ctx)
		require.NoError(t, some.Err0(), "%d of %d records of %s", len(out), left, topic)
		out = append(out, some.Records()...)
	}
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
