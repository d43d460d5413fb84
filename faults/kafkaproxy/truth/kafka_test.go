package truth_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/internal/pause"
)

// TestKafkaMayBeAwayAtAnyTime begins without a broker, takes it away in
// between, and ends the publisher once. Writing waits for none of that.
func TestKafkaMayBeAwayAtAnyTime(t *testing.T) {
	kafka := embedded.KafkaConfig{Dir: t.TempDir()}
	k, err := embedded.StartKafka(kafka)
	require.NoError(t, err)
	kafka.Addr = k.Addr()
	open := func() (*bus.Bus, error) { return bus.Open(bus.Config{Brokers: []string{kafka.Addr}}, nil) }
	b, err := open()
	require.NoError(t, err)
	require.NoError(t, b.EnsureTopics(t.Context()))
	require.NoError(t, b.Close())
	require.NoError(t, k.Close())

	j, err := truth.Open(t.TempDir(), truth.Options{SegmentBytes: 16 << 10})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Shut()) }()
	write := func() {
		began := time.Now()
		for i := range 100 {
			require.NoError(t, j.Write([]truth.Entry{{Experiment: "x", Receipt: "r", Fault: "kafka.drop", Topic: "trades", Offset: int64(i), Way: "fetch"}}))
		}
		assert.Less(t, time.Since(began), 20*time.Second, "nobody waits for Kafka")
	}
	life := func() (stop context.CancelFunc, ended func()) {
		ctx, stop := context.WithCancel(t.Context())
		to, done := &handlers.GroundTruth{Connect: open}, make(chan error, 1)
		go func() { done <- truth.NewPublisher(j, to, truth.PublisherOptions{}).Run(ctx) }()
		return stop, func() { require.NoError(t, <-done); require.NoError(t, to.Close()) }
	}
	stop, ended := life()
	write()
	k, err = embedded.StartKafka(kafka)
	require.NoError(t, err)
	log, err := open()
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close()) }()
	await(t, log, 100)
	require.NoError(t, k.Close())
	write()
	stop() // while Kafka is away: the rest waits on disk
	k, err = embedded.StartKafka(kafka)
	require.NoError(t, err)
	defer func() { require.NoError(t, k.Close()) }()
	ended()
	stop, ended = life()
	defer func() { stop(); ended() }()
	write()
	require.NoError(t, j.Close("r"))
	shut := await(t, log, 300)
	for !pastClosing(t, log, shut) {
		require.True(t, pause.For(t.Context(), 50*time.Millisecond))
	}
}

// await waits until the log has so many entries, each without a hole.
func await(t *testing.T, b *bus.Bus, want uint64) (entries uint64) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), 90*time.Second)
	defer done()
	for entries < want {
		entries, _ = told(ctx, t, b)
		require.True(t, entries >= want || pause.For(ctx, 50*time.Millisecond), "%d of %d entries came", entries, want)
	}
	return entries
}

func pastClosing(t *testing.T, b *bus.Bus, want uint64) bool {
	t.Helper()
	_, closed := told(t.Context(), t, b)
	if closed != nil {
		assert.Equal(t, want, closed.Written)
	}
	return closed != nil
}

// told is how many entries the log has, each counted once, and the last closing
// statement.
func told(ctx context.Context, t *testing.T, b *bus.Bus) (entries uint64, closed *truth.Closed) {
	t.Helper()
	topic := b.Topics().GroundTruth
	ends, err := b.EndOffsets(ctx, topic)
	if err != nil {
		return 0, nil // it has just come back
	}
	require.NoError(t, b.ReadTo(ctx, topic, nil, ends, func(records []bus.Record) error {
		for _, rec := range records {
			f, err := handlers.ReadTruth(rec)
			require.NoError(t, err)
			if f.Closed != nil {
				closed = f.Closed
				continue
			}
			for _, e := range f.Entries.Entries {
				if e.Seq > entries {
					require.Equal(t, entries+1, e.Seq, "no hole")
					entries = e.Seq
				}
			}
		}
		return nil
	}))
	return entries, closed
}
