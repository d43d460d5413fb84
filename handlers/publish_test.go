package handlers_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/bus/poison"
)

// To try again helps against a Kafka that is away, not against a tick that
// cannot be written.
func TestATickThatCannotBeWrittenIsPoison(t *testing.T) {
	b := &broker{}
	to := handlers.Ticks{Publisher: b, Topic: "chaos.readings"}
	tick := events.Tick{Experiment: "x", Seq: 1, Readings: []events.Reading{{Metric: "m", Value: math.Inf(1)}}}
	err := to.Record(t.Context(), tick)
	assert.True(t, poison.Is(err), "%v", err)
	b.set(true)
	tick.Readings = nil
	err = to.Record(t.Context(), tick)
	require.Error(t, err)
	assert.False(t, poison.Is(err), "%v", err)
}

func TestGroundTruthUnderAnotherKeyIsNone(t *testing.T) {
	event, err := truth.Encode(truth.Fact{Closed: &truth.Closed{Receipt: truth.Receipt{ID: "r", Experiment: "x"}}})
	require.NoError(t, err)
	rec := bus.Record{Key: []byte("x"), Headers: event.Headers(), Value: event.Data}
	f, err := handlers.ReadTruth(rec)
	require.NoError(t, err)
	assert.Equal(t, "r", f.Closed.ID)
	rec.Key = []byte("y")
	_, err = handlers.ReadTruth(rec)
	require.ErrorContains(t, err, "write the experiment id")
	rec.Headers = nil
	_, err = handlers.ReadTruth(rec)
	require.ErrorContains(t, err, "is missing")
}

func TestAPageOfALedgerUnderAnotherKeyIsNone(t *testing.T) {
	event, err := events.EncodeLedgerPage(events.LedgerPage{Experiment: "x", Closing: "c", Seq: 1})
	require.NoError(t, err)
	rec := bus.Record{Key: []byte("x"), Headers: event.Headers(), Value: event.Data}
	p, err := handlers.ReadLedgerPage(rec)
	require.NoError(t, err)
	assert.Equal(t, uint64(1), p.Seq)
	rec.Key = []byte("y")
	_, err = handlers.ReadLedgerPage(rec)
	require.ErrorContains(t, err, "write the experiment id")
	rec.Headers = nil
	_, err = handlers.ReadLedgerPage(rec)
	require.ErrorContains(t, err, "is missing")
}
