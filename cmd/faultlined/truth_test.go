package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/spec"
)

// TestGroundTruthIsCountedFromTheLog for one experiment among others, from
// when it began, and again where the statement was not there yet.
func TestGroundTruthIsCountedFromTheLog(t *testing.T) {
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, k.Close()) }()
	b, err := bus.Open(bus.Config{Brokers: []string{k.Addr()}}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	require.NoError(t, b.EnsureTopics(t.Context()))
	to := &handlers.GroundTruth{Connect: func() (*bus.Bus, error) { return bus.Open(bus.Config{Brokers: []string{k.Addr()}}, nil) }}
	defer func() { require.NoError(t, to.Close()) }()
	say := func(f truth.Fact) {
		event, err := truth.Encode(f)
		require.NoError(t, err)
		require.NoError(t, to.Publish(t.Context(), event))
	}
	at := time.Now()
	for _, id := range []string{"x", "other"} {
		say(truth.Fact{Entries: &truth.Entries{Experiment: id, Run: "one", Entries: []truth.Entry{
			{Experiment: id, Run: "one", Seq: 1, Receipt: "r-" + id, At: at}, {Experiment: id, Run: "one", Seq: 2, Receipt: "r-" + id, At: at},
		}}})
	}
	count := func(wait time.Duration, began time.Time) *events.GroundTruth {
		ctx, done := context.WithTimeout(t.Context(), wait)
		defer done()
		found, _ := countTruth(b)(ctx, experiment.State{ID: "x", Began: began, Steps: []experiment.Step{{
			Step: spec.Step{Fault: spec.Fault{Kind: "kafka.corrupt"}}, Receipt: "r-x",
		}}})
		return found
	}
	open := count(2*time.Second, at)
	assert.False(t, open.Complete)
	assert.Contains(t, open.Why, "receipt r-x has 2 entries and no closing statement")
	say(truth.Fact{Closed: &truth.Closed{
		Receipt: truth.Receipt{ID: "r-x", Experiment: "x"}, Written: 2, Runs: []truth.RunPart{{Run: "one", Written: 2, Last: 2}}, At: at,
	}})
	assert.Equal(t, &events.GroundTruth{Receipts: 1, Written: 2, Entries: 2, Complete: true}, count(20*time.Second, at))
	assert.False(t, count(2*time.Second, at.Add(72*time.Hour)).Complete, "what was there before it began is not read")
}
