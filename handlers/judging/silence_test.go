package judging_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

func kept() commands.Command { return commands.Keep{} }

// leased is a trial whose publisher is to speak every ten seconds.
func leased(t testingT) *trial {
	d := document()
	d.Limits.PublisherLease = 10 * second
	return newTrial(t, d)
}

func TestASilentPublisherLosesItsExperiment(t *testing.T) {
	r := leased(t)
	r.inject()
	r.do(13, kept())
	for i := 13; i <= 23; i++ {
		r.tick(float64(i), well())
		require.Nil(t, r.owed("silent"), "after %d s", i)
	}
	r.tick(24, well())
	require.Equal(t, commands.Abort{Reason: "its publisher was silent for more than 10s, limits.publisher_lease"}, r.owed("silent"))
	r.follow()
	assert.Equal(t, experiment.RollingBack, r.state().Phase)
	r.do(26, commands.ReportRolledBack{Step: "s", Cause: events.Abort, SeenAt: at(26)})
	assert.Equal(t, experiment.Aborted, r.state().Phase)
}

func TestASilenceInTheBaselineInjectsNothing(t *testing.T) {
	d := document()
	d.Baseline.Duration, d.Limits.PublisherLease = 40*second, 10*second
	r := newTrial(t, d)
	r.beat(1, 13, well())
	assert.Equal(t, experiment.Aborted, r.state().Phase)
	assert.Empty(t, r.state().Order)
}

func TestAPublisherThatSpeaksKeepsItsExperiment(t *testing.T) {
	r := leased(t)
	for i := 1; i <= 11; i++ {
		r.do(float64(i), kept())
		r.beat(i, i, well())
	}
	r.do(12, commands.ReportInjected{Step: "s", SeenAt: at(12)})
	for i := 12; i <= 31; i += 5 {
		r.do(float64(i), kept())
		r.beat(i, i+4, well())
	}
	assert.Nil(t, r.owed("silent"))
	assert.Equal(t, experiment.Injected, r.state().Phase)
}

// While Kafka is away nobody can speak; time that nobody ticked hides what was
// said.
func TestWhatNobodyCouldHearIsNoSilence(t *testing.T) {
	r := leased(t)
	r.inject()
	r.do(12, kept())
	for i := 13; i <= 30; i++ {
		r.judged(events.Tick{At: at(float64(i)), Readings: readings(float64(i), well()), Foreseen: []string{"x"}})
		require.Nil(t, r.owed("silent"))
	}
	r.tick(31, well())
	r.tick(300, well())
	assert.Nil(t, r.owed("silent"))
}

func TestKeepIsRefusedWhereItMeansNothing(t *testing.T) {
	for name, s := range map[string]experiment.State{
		"nothing": {}, "without a lease": newTrial(t, document()).state(), "over": {Phase: experiment.Concluded},
	} {
		out, err := experiment.Decide(s, commands.Envelope{ID: "k", Experiment: "x", At: time.Unix(0, 0), Command: kept()})
		require.NoError(t, err)
		require.Len(t, out, 1, name)
		assert.IsType(t, events.CommandRefused{}, out[0], name)
	}
}
