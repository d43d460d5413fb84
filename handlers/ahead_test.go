package handlers_test

import (
	"fmt"
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

// waits is an experiment in its baseline, and an Ahead on a clock of its own.
func waits(t *testing.T) (handlers.Decider, *handlers.Ahead, func(time.Duration)) {
	t.Helper()
	p := &topic{logs: []*handlers.Log{{}}}
	d := handlers.Decider{Log: p.logs[0], Appender: p}
	doc := spec.Document{Steps: []spec.Step{{ID: "s", For: spec.Duration(time.Second)}}}
	for i, c := range []commands.Command{commands.Schedule{Document: doc}, commands.BeginBaseline{}} {
		require.NoError(t, d.Decide(t.Context(), commands.Envelope{ID: fmt.Sprint("begin", i), Experiment: "x", Command: c}))
	}
	now := time.Unix(100, 0)
	return d, &handlers.Ahead{Log: p.logs[0], Now: func() time.Time { return now }}, func(d time.Duration) { now = now.Add(d) }
}

// TestAheadTakesNoStepBack: what was foreseen stays so when what came before
// it is in the log, however young it is.
func TestAheadTakesNoStepBack(t *testing.T) {
	d, ahead, pass := waits(t)
	one := commands.Envelope{ID: "1", Experiment: "x", Command: commands.CompleteBaseline{Windows: 1}}
	two := commands.Envelope{ID: "2", Experiment: "x", Command: commands.ReportInjected{Step: "s"}}
	ahead.Add(one)
	pass(2 * time.Second)
	ahead.Add(two)
	s, foreseen := ahead.Foresee("x")
	assert.Equal(t, experiment.Injected, s.Phase)
	assert.Equal(t, []string{"1", "2"}, foreseen)
	require.NoError(t, d.Decide(t.Context(), one))
	s, foreseen = ahead.Foresee("x")
	assert.Equal(t, experiment.Injected, s.Phase)
	assert.Equal(t, []string{"2"}, foreseen)
}

// TestAheadGivesUpOnADeadLetter: what Kafka took and nobody decided is not
// foreseen for ever.
func TestAheadGivesUpOnADeadLetter(t *testing.T) {
	_, ahead, pass := waits(t)
	e := commands.Envelope{ID: "1", Experiment: "x", Command: commands.CompleteBaseline{Windows: 1}}
	ahead.Add(e)
	pass(time.Hour)
	assert.Equal(t, experiment.Injecting, ahead.State("x").Phase, "Kafka may be away for long")
	ahead.Carried(e)
	pass(9 * time.Minute)
	assert.Equal(t, experiment.Injecting, ahead.State("x").Phase)
	pass(2 * time.Minute)
	assert.Equal(t, experiment.Baselining, ahead.State("x").Phase)
	ahead.Add(e)
	pass(2 * time.Second)
	assert.Equal(t, experiment.Injecting, ahead.State("x").Phase, "it was sent again")
}
