package judging_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers/judging"
)

func single(seconds float64, metric string, value float64) events.Tick {
	return events.Tick{Experiment: "x", At: at(seconds), Readings: []events.Reading{{Metric: metric, Value: value, At: at(seconds)}}}
}

func TestOnlyWhatFiresIsUrgent(t *testing.T) {
	r := newTrial(t, document())
	assert.False(t, r.judge.Urgent(r.state(), single(0.5, "error_rate", 1)), "nothing is in place in the baseline")
	r.inject()
	assert.False(t, r.judge.Urgent(r.state(), single(12.5, "error_rate", 0.1)))
	assert.False(t, r.judge.Urgent(r.state(), single(12.5, "load", 100)), "no trigger speaks of it")
	assert.True(t, r.judge.Urgent(r.state(), single(12.5, "error_rate", 0.3)))
	r.tick(12.5, values{"error_rate": 0.3})
	require.NotNil(t, r.owed("trigger/0"))
	assert.False(t, r.judge.Urgent(r.state(), single(12.6, "error_rate", 0.4)), "it is due already, and told")
	r.follow()
	require.Equal(t, experiment.RollingBack, r.state().Phase)
	assert.False(t, r.judge.Urgent(r.state(), single(12.7, "error_rate", 0.4)), "it is being undone")
}

// guards gives what a guard says at each second, its judge being blind.
func guards(r *trial, from, to int, v values) []judging.Due {
	g, out := r.judge.Aside(), []judging.Due(nil)
	for i := from; i <= to; i++ {
		out = append(out, g.Tick(r.state(), events.Tick{Experiment: "x", At: at(float64(i)), Readings: readings(float64(i), v)})...)
	}
	return out
}

func TestAGuardSeesWhatEndsAFault(t *testing.T) {
	cases := map[string]struct {
		v    values
		want string
		at   float64
	}{
		"a trigger":             {but(values{"error_rate": 0.3}), "x/trigger/0", 14},
		"readings are missing":  {values{"load": 4}, "x/trigger/0", 21}, // fresh until 15.5, then a grace of 5 s
		"the end of its time":   {well(), "x/s/end", 32},
		"the impact is no such": {but(values{"load": 100}), "x/s/end", 32},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t, document())
			r.inject()
			r.beat(13, 13, well())
			due := guards(r, 14, 33, c.v)
			require.NotEmpty(t, due)
			assert.Equal(t, c.want, due[0].ID)
			assert.InDelta(t, c.at, due[0].At.Sub(at(0)).Seconds(), 1)
			assert.Len(t, due, 1, "once")
			r.tick(14, well())
			assert.Nil(t, r.owed("trigger/0"), "the judge knows nothing of it")
			assert.Nil(t, r.owed("s/end"))
		})
	}
}

func TestAGuardOfARollbackIsSilent(t *testing.T) {
	r := newTrial(t, document())
	r.inject()
	r.do(13, commands.EndStep{Step: "s"})
	assert.Empty(t, guards(r, 14, 60, but(values{"error_rate": 1})))
}
