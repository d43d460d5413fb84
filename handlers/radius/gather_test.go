package radius_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/handlers/radius"
	"github.com/k2-platform/faultline/rules/blastradius"
	"github.com/k2-platform/faultline/spec"
)

func platform() spec.Platform {
	broker := spec.Target{Health: &spec.Health{Kafka: "h:1"}}
	return spec.Platform{Environment: "test", Targets: map[spec.TargetName]spec.Target{
		"kafka-1": broker, "kafka-2": broker, "alone": broker, "sink": {},
		"orders": {Topic: &spec.Topic{Name: "orders"}, Health: broker.Health},
		"kafka":  {Members: []spec.TargetName{"kafka-1", "kafka-2"}},
		"all":    {Members: []spec.TargetName{"kafka", "sink"}},
	}}
}

func step(id, kind, target string, life spec.Duration) spec.Step {
	return spec.Step{ID: spec.StepID(id), Fault: spec.Fault{Kind: kind, Target: spec.TargetName(target)}, For: life}
}

// run is an experiment of the log after some of its life.
func run(id string, steps []spec.Step, later ...events.Event) experiment.State {
	var s experiment.State
	for _, e := range append([]events.Event{events.ExperimentScheduled{Document: spec.Document{Environment: "test", Steps: steps}}}, later...) {
		s = experiment.Evolve(s, events.Batch{
			Experiment: spec.ExperimentID(id), Version: s.Version + 1, Cause: strconv.FormatUint(s.Version, 10), Events: []events.Event{e},
		})
	}
	return s
}

func TestLiveFaultsOfOthers(t *testing.T) {
	second := spec.Duration(time.Second)
	begun, requested := events.BaselineStarted{}, events.FaultInjectionRequested{Step: "a"}
	seen, undo := events.FaultInjected{Step: "a"}, events.RollbackRequested{Step: "a", Cause: events.Abort}
	gone := events.FaultRolledBack{Step: "a", Cause: events.Abort}
	two := []spec.Step{step("a", "process.stop", "sink", second), step("b", "process.pause", "kafka-1", second)}
	for name, c := range map[string]struct {
		other experiment.State
		total int
		sink  int
		kafka int
	}{
		"scheduled":             {run("o", two), 0, 0, 0},
		"begun, all to come":    {run("o", two, begun), 1, 1, 1},
		"on its way in":         {run("o", two, begun, requested), 1, 1, 1},
		"in place":              {run("o", two, begun, requested, seen), 1, 1, 1},
		"aborted, on its way":   {run("o", two, begun, requested, seen, undo), 1, 1, 0},
		"aborted, gone":         {run("o", two, begun, requested, seen, undo, gone), 0, 0, 0},
		"stuck":                 {run("o", two, begun, requested, seen, undo, events.RollbackStuck{Step: "a"}), 1, 1, 0},
		"over":                  {run("o", two, begun, events.Concluded{}), 0, 0, 0},
		"a control is no fault": {run("o", []spec.Step{step("a", "none", "sink", second)}, begun, requested, seen), 0, 0, 0},
		"two that stay":         {run("o", []spec.Step{step("a", "process.stop", "sink", 0), step("b", "process.stop", "sink", 0)}, begun), 2, 2, 0},
		"a group":               {run("o", []spec.Step{step("a", "process.stop", "all", 0)}, begun), 1, 1, 1},
		"itself":                {run("me", two, begun, requested, seen), 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := radius.Sources{Kind: drivers.KindOf, Log: func() []experiment.State { return []experiment.State{c.other} }}
			in := s.Gather(t.Context(), radius.Question{Experiment: "me", Document: spec.Document{Steps: two}, Platform: platform()})
			require.NotNil(t, in.Live)
			assert.Equal(t, []int{c.total, c.sink, c.kafka}, []int{in.Live.Total, in.Live.PerTarget["sink"], in.Live.PerTarget["kafka-1"]})
		})
	}
}

func TestWhatNobodyCanTellIsAbsent(t *testing.T) {
	in := radius.Sources{Kind: drivers.KindOf}.Gather(t.Context(), radius.Question{
		Document: spec.Document{Steps: []spec.Step{step("a", "process.stop", "kafka-1", 0)}}, Platform: platform(),
	})
	assert.Nil(t, in.Live)
	assert.Nil(t, in.Faults[0].UpheldSmaller)
	assert.Nil(t, in.Faults[0].Brokers[0].Healthy)
	assert.Nil(t, in.Traffic.IngestionRate)
	assert.Equal(t, spec.Isolated, in.BlastRadius)
}

func TestBrokersAreAskedOnceAndByTheirGroup(t *testing.T) {
	asked := 0
	s := radius.Sources{Kind: drivers.KindOf, Healthy: func(context.Context, spec.Target) bool { asked++; return true }}
	in := s.Gather(t.Context(), radius.Question{Platform: platform(), Document: spec.Document{Steps: []spec.Step{
		step("a", "process.stop", "kafka-1", 0), step("b", "process.stop", "alone", 0), step("c", "process.stop", "sink", 0), step("d", "none", "kafka-2", 0),
		step("e", "topic.quota", "orders", 0),
	}}})
	groups := map[spec.StepID][]spec.TargetName{}
	for _, f := range in.Faults {
		for _, g := range f.Brokers {
			groups[f.Step] = append(groups[f.Step], g.Name)
		}
	}
	assert.Equal(t, map[spec.StepID][]spec.TargetName{"a": {"all", "kafka"}, "b": {"alone"}}, groups, "a topic is no broker")
	assert.Equal(t, 3, asked)
	assert.Equal(t, []spec.TargetName{"orders"}, in.Faults[4].Members)
	assert.Equal(t, 4, in.AtOnce, "a control is no fault")
}

func TestHistory(t *testing.T) {
	pause, stop, control := step("a", "process.pause", "sink", 0), step("a", "process.stop", "sink", 0), step("a", "none", "sink", 0)
	upheld := events.Concluded{Verdict: events.Upheld}
	elsewhere := run("o", []spec.Step{pause}, upheld)
	elsewhere.Document.Environment = "staging"
	for name, c := range map[string]struct {
		before experiment.State
		want   int
	}{
		"a pause that was upheld":  {run("o", []spec.Step{pause}, upheld), 1},
		"one that was refuted":     {run("o", []spec.Step{pause}, events.Concluded{Verdict: events.Refuted}), 0},
		"one that was aborted":     {run("o", []spec.Step{pause}, events.Concluded{Verdict: events.Upheld, Aborted: true}), 0},
		"a stop is no less":        {run("o", []spec.Step{stop}, upheld), 0},
		"a control shows nothing":  {run("o", []spec.Step{control}, upheld), 0},
		"on another target":        {run("o", []spec.Step{step("a", "process.pause", "kafka-1", 0)}, upheld), 0},
		"in another environment":   {elsewhere, 0},
		"nothing of it in the log": {experiment.State{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := radius.Sources{Kind: drivers.KindOf, Log: func() []experiment.State { return []experiment.State{c.before} }}
			q := radius.Question{Document: spec.Document{Steps: []spec.Step{stop}}, Platform: platform()}
			assert.Equal(t, c.want, *s.Gather(t.Context(), q).Faults[0].UpheldSmaller)
			c.before = c.before.Settled()
			assert.Equal(t, c.want, *s.Gather(t.Context(), q).Faults[0].UpheldSmaller, "as the daemon keeps it")
		})
	}
}

func TestTrafficIsMeasuredOnlyForARuleThatReadsIt(t *testing.T) {
	for rule, want := range map[string]bool{`traffic.week_median > 1.0`: true, `fault.kind == "x"`: false} {
		asked := false
		a := radius.Asker{
			Policy: func() (blastradius.Policy, error) {
				p, problems := blastradius.Parse([]byte("faultline_policy: v1\nname: n\nenvironments: {test: {}}\nrules: [{name: r, why: w, rule: '" + rule + "'}]\n"))
				return p, problems.Err()
			},
			Sources: radius.Sources{Kind: drivers.KindOf, Traffic: func(context.Context, spec.Platform) events.Traffic { asked = true; return events.Traffic{} }},
		}
		d, err := a.Decide(t.Context(), radius.Question{Document: spec.Document{Environment: "test"}, Platform: platform()})
		require.NoError(t, err)
		assert.False(t, d.Allowed)
		assert.Equal(t, want, asked, rule)
	}
}

func TestAPolicyThatCannotBeReadLetsNothingRun(t *testing.T) {
	a := radius.Asker{Policy: func() (blastradius.Policy, error) { return radius.ReadPolicy("nowhere.yaml") }}
	_, err := a.Decide(t.Context(), radius.Question{})
	require.ErrorContains(t, err, "without it nothing may run")
}
