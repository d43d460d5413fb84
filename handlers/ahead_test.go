package handlers_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/spec"
)

// TestAheadForeseesWhatTheLogWillSay: the state while Kafka is away is the one
// that the log has once it is back, version by version.
func TestAheadForeseesWhatTheLogWillSay(t *testing.T) {
	p := &topic{logs: []*handlers.Log{{}}}
	log := p.logs[0]
	d := handlers.Decider{Log: log, Appender: p}
	now := time.Unix(100, 0)
	ahead := &handlers.Ahead{Log: log, Now: func() time.Time { return now }}
	doc := spec.Document{Steps: []spec.Step{{ID: "s", For: spec.Duration(time.Second)}}}
	say := func(id string, c commands.Command) commands.Envelope {
		return commands.Envelope{ID: id, Experiment: "x", At: now, Command: c}
	}
	for _, e := range []commands.Envelope{
		say("1", commands.Schedule{Document: doc}), say("2", commands.BeginBaseline{}), say("3", commands.CompleteBaseline{Windows: 10}),
	} {
		require.NoError(t, d.Decide(t.Context(), e))
	}
	later := []commands.Envelope{
		say("4", commands.ReportInjected{Step: "s", SeenAt: now}),
		say("5", commands.EndStep{Step: "s"}),
		say("6", commands.ReportRolledBack{Step: "s", Cause: events.Planned, SeenAt: now}),
	}
	for _, e := range later {
		ahead.Add(e)
		ahead.Add(e) // sent again
	}
	assert.Equal(t, experiment.Injecting, ahead.State("x").Phase, "Kafka may still answer")
	now = now.Add(2 * time.Second)
	foreseen := ahead.State("x")
	assert.Equal(t, experiment.Recovering, foreseen.Phase)
	assert.Equal(t, experiment.Injecting, log.State("x").Phase, "the log itself knows nothing yet")
	assert.Len(t, ahead.Live(), 1)
	for _, e := range later {
		require.NoError(t, d.Decide(t.Context(), e))
	}
	assert.Equal(t, log.State("x"), foreseen)
	assert.Equal(t, foreseen, ahead.State("x"))
}
