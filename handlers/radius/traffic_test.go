package radius_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/handlers/radius"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/spec"
)

// recorded is a topic of readings.
type recorded struct {
	records []bus.Record
	err     error
}

func (r recorded) Read(context.Context, string, map[int32]int64, func([]bus.Record) error) error {
	return errors.New("nobody reads on")
}

func (r recorded) ReadTo(_ context.Context, _ string, _, _ map[int32]int64, each func([]bus.Record) error) error {
	return errors.Join(each(r.records), r.err)
}

func (r recorded) EndOffsets(context.Context, string) (map[int32]int64, error) { return nil, nil }

// ticking is a clock whose one beat reads a value.
type ticking float64

func (v ticking) Watch(ctx context.Context, w conduct.Watch, beat func(events.Tick)) error {
	beat(events.Tick{Readings: []events.Reading{{Metric: "other", Value: 1}, {Metric: w.Metrics[0], Value: float64(v)}}})
	<-ctx.Done()
	return nil
}

func TestTraffic(t *testing.T) {
	now := time.Now()
	var topic recorded
	for i, r := range []struct {
		age   time.Duration
		value float64
	}{{time.Minute, 10}, {24 * time.Hour, 30}, {6 * 24 * time.Hour, 20}, {8 * 24 * time.Hour, 9000}} {
		c, err := events.EncodeTick(events.Tick{
			Experiment: "x", Seq: uint64(i + 1), At: now.Add(-r.age),
			Readings: []events.Reading{{Metric: "ingestion_rate", Value: r.value}, {Metric: "other", Value: 1e6}},
		})
		require.NoError(t, err)
		topic.records = append(topic.records, bus.Record{Key: []byte("x"), Headers: c.Headers(), Value: c.Data})
	}
	topic.records = append(topic.records, bus.Record{Value: []byte("a dead letter")})
	p := spec.Platform{Metrics: map[string]spec.Metric{"ingestion_rate": {}}}

	got := radius.Meter{Clock: ticking(42), Reader: topic}.Traffic(t.Context(), p)
	require.NotNil(t, got.WeekMedian)
	assert.InDelta(t, 20, *got.WeekMedian, 0, "what is older than a week does not count")
	assert.InDelta(t, 42, *got.IngestionRate, 0)

	assert.Nil(t, radius.Meter{Clock: ticking(42), Reader: recorded{}}.Traffic(t.Context(), p).WeekMedian, "no readings are not zero")
	topic.err = errors.New("Kafka is away")
	assert.Nil(t, radius.Meter{Clock: ticking(42), Reader: topic}.Traffic(t.Context(), p).WeekMedian, "half a week is no week")
	assert.Equal(t, events.Traffic{}, radius.Meter{}.Traffic(t.Context(), spec.Platform{}), "a platform without the metric has no traffic to read")
}
