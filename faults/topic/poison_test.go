package topic_test

import (
	"context"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/topic"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// read gives the topic's records, as many as wanted.
func (w world) read(n int) (all []*kgo.Record) {
	w.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(w.topic.Topic.Brokers...), kgo.ConsumeTopics(orders), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(w, err)
	defer c.Close()
	ctx, stop := context.WithTimeout(w.Context(), 10*time.Second)
	defer stop()
	for len(all) < n && ctx.Err() == nil {
		all = append(all, c.PollFetches(ctx).Records()...)
	}
	return all
}

// stored counts the topic's records.
func (w world) stored() (n int64) {
	w.Helper()
	ends, err := w.admin.ListEndOffsets(w.Context(), orders)
	require.NoError(w, err)
	for _, e := range ends[orders] {
		n += e.Offset
	}
	return n
}

func TestPoisonIsWhatItSays(t *testing.T) {
	for what, c := range map[string]struct {
		with  map[string]string
		value func(t *testing.T, v []byte)
	}{
		"garbage":        {nil, func(t *testing.T, v []byte) { t.Helper(); assert.Len(t, v, 64); assert.NotZero(t, v[0]) }},
		"null":           {nil, func(t *testing.T, v []byte) { t.Helper(); assert.Nil(t, v) }},
		"unknown_schema": {map[string]string{"schema_id": "258"}, func(t *testing.T, v []byte) { t.Helper(); assert.Equal(t, []byte{0, 0, 0, 1, 2}, v[:5]) }},
		"truncated":      {nil, func(t *testing.T, v []byte) { t.Helper(); assert.Equal(t, "a whole", string(v)) }},
		"oversize":       {map[string]string{"size": "5000"}, func(t *testing.T, v []byte) { t.Helper(); assert.Len(t, v, 5000) }},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			require.NoError(t, w.client.ProduceSync(t.Context(), &kgo.Record{Topic: orders, Value: []byte("a whole record")}).FirstErr())
			d := topic.Poison{Dir: t.TempDir()}
			with := map[string]string{"what": what, "count": "3", "rate": "1000"}
			maps.Copy(with, c.with)
			r := w.plan(d, spec.Fault{Kind: "topic.poison", With: with}, w.topic)
			require.Contains(t, r.Undo["cannot"], "takes none back")
			require.NoError(t, d.Inject(t.Context(), r))
			require.NoError(t, d.Inject(t.Context(), r), "twice is once")
			require.Eventually(t, func() bool { return w.stored() >= 4 }, 10*time.Second, 5*time.Millisecond)
			w.is(d, r, faults.Present) // all are produced, and nobody has ended it
			require.NoError(t, d.Rollback(t.Context(), r))
			w.is(d, r, faults.Absent)
			poison := 0
			for _, got := range w.read(4) {
				if len(got.Headers) == 0 {
					continue
				}
				poison++
				assert.Equal(t, kgo.RecordHeader{Key: topic.PoisonHeader, Value: []byte("exp/step")}, got.Headers[0])
				c.value(t, got.Value)
			}
			assert.Equal(t, 3, poison)
			assert.Equal(t, int64(4), w.stored())
		})
	}
}

func TestNoPoisonComesAfterRollback(t *testing.T) {
	w := newWorld(t)
	d := topic.Poison{Dir: t.TempDir()}
	r := w.plan(d, spec.Fault{Kind: "topic.poison", With: map[string]string{"count": "1000000", "rate": "10000"}}, w.topic)
	require.NoError(t, d.Inject(t.Context(), r))
	require.NoError(t, d.Rollback(t.Context(), r))
	n := w.stored()
	assert.Less(t, n, int64(1_000_000))
	assert.Never(t, func() bool { return w.stored() != n }, 100*time.Millisecond, 10*time.Millisecond)
	left, err := os.ReadDir(d.Dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestPoisonEndsWithItsDeadline(t *testing.T) {
	w := newWorld(t)
	d := topic.Poison{Dir: t.TempDir()}
	r := w.plan(d, spec.Fault{Kind: "topic.poison"}, w.topic)
	r.Expires = ledger.Boottime() + 500*time.Millisecond
	require.NoError(t, d.Inject(t.Context(), r))
	require.Eventually(t, func() bool { got, err := d.Probe(t.Context(), r); return err == nil && got == faults.Absent }, 10*time.Second, 10*time.Millisecond)
	require.ErrorIs(t, d.Inject(t.Context(), r), faults.ErrRefused)
	require.NoError(t, d.Rollback(t.Context(), r))
}

// TestPoisonIsUndoneWithoutKafka: it is the agent that stops.
func TestPoisonIsUndoneWithoutKafka(t *testing.T) {
	w := newWorld(t)
	d := topic.Poison{Dir: t.TempDir()}
	r := w.plan(d, spec.Fault{Kind: "topic.poison", With: map[string]string{"count": "100000", "rate": "1000"}}, w.topic)
	require.NoError(t, d.Inject(t.Context(), r))
	w.cluster.Close()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	require.NoError(t, d.Rollback(ctx, r))
	w.is(d, r, faults.Absent)
}

func TestPoisonOfADamagedReceipt(t *testing.T) {
	w := newWorld(t)
	d := topic.Poison{Dir: t.TempDir()}
	r := w.plan(d, spec.Fault{Kind: "topic.poison"}, w.topic)
	for _, path := range []string{"", "/etc/passwd", "faultline-poison-x"} {
		r.Undo["mark"] = path
		require.Error(t, d.Rollback(t.Context(), r))
		require.Error(t, d.Inject(t.Context(), r))
		_, err := d.Probe(t.Context(), r)
		require.Error(t, err)
	}
}
