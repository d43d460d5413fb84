package judging_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

const (
	impactRule    = "load > 2.0 * baseline.load"
	maintainsRule = "availability >= 0.95"
)

// without is what is read when one metric cannot be.
func without(metric string) values { return but(values{metric: math.NaN()}) }

func TestATriggerFiresAtTheTickThatShowsIt(t *testing.T) {
	r := newTrial(t, document())
	r.inject()
	r.tick(13, but(values{"error_rate": 0.2}))
	assert.Nil(t, r.owed("trigger/0"), "0.2 is not above 0.2")
	r.tick(14, but(values{"error_rate": 0.3}))
	assert.Equal(t, commands.Trigger{RollbackTriggered: events.RollbackTriggered{
		Rule: "too many errors", Answer: events.Holds, Values: map[string]float64{"error_rate": 0.3}, ReadAt: at(14), Observed: 13,
	}}, r.owed("trigger/0"))
	r.follow()
	assert.Equal(t, experiment.RollingBack, r.state().Phase)
}

// Readings are fresh for 2.5 s, then the trigger is unknown, and 5 s of that
// are its grace.
func TestAnUnknownTrigger(t *testing.T) {
	cases := map[string]struct {
		silent int // seconds without a reading, after the one of second 13
		fires  bool
	}{
		"for a moment":          {2, false},
		"for its grace":         {8, false},
		"for longer than grace": {9, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t, document())
			r.inject()
			r.beat(13, 13, well())
			r.beat(14, 13+c.silent, without("error_rate"))
			r.tick(float64(14+c.silent), well())
			fired := r.state().Trigger
			if !c.fires {
				assert.Nil(t, fired)
				return
			}
			require.NotNil(t, fired)
			assert.Equal(t, events.Unknown, fired.Answer)
			assert.Empty(t, fired.Values)
		})
	}
}

// Unknown times do not add up: each has its own grace.
func TestAnAnswerEndsTheUnknown(t *testing.T) {
	r := newTrial(t, document())
	r.inject()
	for _, from := range []int{13, 18, 23} {
		r.beat(from, from, well())
		r.beat(from+1, from+4, without("error_rate"))
	}
	assert.Nil(t, r.state().Trigger)
}

func TestALateReadingDoesNotTurnTimeBack(t *testing.T) {
	r := newTrial(t, document())
	r.inject()
	r.tick(13, well())
	due := r.judged(events.Tick{At: at(14), Readings: []events.Reading{
		{Metric: "error_rate", Value: 0, At: at(14)}, {Metric: "error_rate", Value: 0.9, At: at(12.5)},
	}})
	assert.Empty(t, due)
	due = r.judged(events.Tick{At: at(15), Readings: []events.Reading{{Metric: "error_rate", Value: 0.9, At: at(13.9)}}})
	assert.Empty(t, due)
}

func TestAGapMakesEverythingUnknown(t *testing.T) {
	r := newTrial(t, document())
	r.inject()
	r.tick(13, well())
	gap := &events.Gap{From: at(13), To: at(14), Why: "test"}
	r.judged(events.Tick{At: at(14), Gap: gap, Readings: []events.Reading{{Metric: "load", Value: 9, At: at(14)}}})
	impact, ok := r.owed("impact").(commands.JudgeClaim)
	require.True(t, ok, "what came after the gap counts")
	assert.Equal(t, events.Holds, impact.Answer)
	r.beat(15, 20, nil)
	require.NotNil(t, r.state().Trigger, "unknown since the gap, although the reading before it would be fresh for one tick more")
	assert.Equal(t, at(20), r.state().Trigger.ReadAt)
}

func TestExpectedImpact(t *testing.T) {
	heavy := but(values{"load": 9})
	cases := map[string]struct {
		play   func(*trial)
		want   string
		detail string
	}{
		"seen":                                 {func(r *trial) { r.beat(13, 15, well()); r.beat(16, 16, heavy) }, "holds", "seen 4s after injection"},
		"seen at the last moment":              {func(r *trial) { r.beat(13, 21, well()); r.beat(22, 22, heavy) }, "holds", "seen 10s after injection"},
		"not seen in its window":               {func(r *trial) { r.beat(13, 22, well()); r.beat(23, 24, heavy) }, "violated", "not seen while the fault was there"},
		"not yet seen":                         {func(r *trial) { r.beat(13, 22, well()) }, "open", ""},
		"never judgeable":                      {func(r *trial) { r.beat(13, 23, without("load")) }, "unknown", "not seen while the fault was there"},
		"not seen before the end of the fault": {func(r *trial) { r.beat(13, 15, well()); r.rollBack(16); r.beat(17, 17, heavy) }, "violated", "not seen while the fault was there"},
		"unknown for longer than grace":        {func(r *trial) { r.beat(13, 13, well()); r.beat(14, 23, without("load")) }, "unknown", "not seen while the fault was there"},
		"a gap where it could have been":       {func(r *trial) { r.beat(13, 14, well()); r.gap(14, 21); r.beat(22, 23, well()) }, "unknown", "not seen while the fault was there"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t, document())
			r.inject()
			c.play(r)
			assert.Equal(t, c.want, r.claim(events.ClaimImpact, impactRule))
			if c.want != "open" {
				assert.Equal(t, c.detail, r.state().Claims["expected_impact/"+impactRule].Detail)
			}
		})
	}
}

// A reading of before the fault shows no impact of it.
func TestImpactNeedsAReadingOfTheFaultsTime(t *testing.T) {
	r := newTrial(t, document())
	r.beat(1, 10, well())
	r.beat(11, 11, but(values{"load": 9}))
	r.do(11.5, commands.ReportInjected{Step: "s", SeenAt: at(11.5)})
	r.beat(12, 12, without("load"))
	assert.Equal(t, "open", r.claim(events.ClaimImpact, impactRule))
}

func TestMaintains(t *testing.T) {
	down := but(values{"availability": 0.9})
	cases := map[string]struct {
		play func(*trial)
		want string
	}{
		"held":          {func(r *trial) { r.beat(13, 31, well()) }, "holds"},
		"violated once": {func(r *trial) { r.beat(13, 20, well()); r.beat(21, 21, down); r.beat(22, 31, well()) }, "violated"},
		"unknown for a moment": {func(r *trial) {
			r.beat(13, 20, well())
			r.beat(21, 26, without("availability"))
			r.beat(27, 31, well())
		}, "holds"},
		"unknown for longer than grace": {func(r *trial) {
			r.beat(13, 14, well())
			r.beat(15, 25, without("availability"))
			r.beat(26, 31, well())
		}, "unknown"},
		"never known":                 {func(r *trial) { r.beat(13, 16, without("availability")) }, "unknown"},
		"no tick at all":              {func(*trial) {}, "unknown"},
		"a long gap":                  {func(r *trial) { r.beat(13, 14, well()); r.gap(14, 25); r.beat(26, 31, well()) }, "unknown"},
		"a short gap":                 {func(r *trial) { r.beat(13, 14, well()); r.gap(14, 18); r.beat(19, 31, well()) }, "holds"},
		"a gap until after the fault": {func(r *trial) { r.beat(13, 14, well()); r.rollBack(31); r.gap(14, 40) }, "unknown"},
		"a gap that ends with it":     {func(r *trial) { r.beat(13, 28, well()); r.rollBack(31); r.gap(28, 90) }, "holds"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t, document())
			r.inject()
			c.play(r)
			if r.state().Phase == experiment.Injected {
				assert.NotEqual(t, "holds", r.claim(events.ClaimMaintains, maintainsRule), "nothing holds before the fault is gone")
				r.rollBack(32)
			}
			r.beat(91, 91, well())
			assert.Equal(t, c.want, r.claim(events.ClaimMaintains, maintainsRule))
		})
	}
}

// gap is a tick after a stretch of time that was not recorded.
func (r *trial) gap(from, to int) {
	r.judged(events.Tick{
		At: at(float64(to)), Readings: readings(float64(to), well()),
		Gap: &events.Gap{From: at(float64(from)), To: at(float64(to)), Why: "test"},
	})
	r.follow()
}

func TestStepsEndWhenTheirTimeIsOver(t *testing.T) {
	doc := document()
	doc.Impact, doc.Hypothesis.Maintains = nil, nil
	doc.Steps = []spec.Step{{ID: "s", For: 3 * second}, {ID: "stays", After: &[]spec.StepID{}}}
	doc.Limits.MaxFaultLife = 6 * second
	r := newTrial(t, doc)
	r.inject()
	r.do(13, commands.ReportInjected{Step: "stays", SeenAt: at(13)})
	r.tick(14.9, well())
	assert.Nil(t, r.owed("s/end"))
	r.tick(15, well())
	assert.Equal(t, commands.EndStep{Step: "s"}, r.owed("s/end"))
	assert.Nil(t, r.owed("stays/end"), "it stays as long as a fault may")
	r.tick(19, well())
	assert.Equal(t, commands.EndStep{Step: "stays"}, r.owed("stays/end"))
}

// A trigger that fires at the very tick that ends the step is no planned end.
func TestATriggerComesBeforeThePlannedEnd(t *testing.T) {
	r := newTrial(t, document())
	r.inject()
	r.beat(13, 31, well())
	r.beat(32, 32, but(values{"error_rate": 0.3}))
	require.NotNil(t, r.state().Trigger)
	assert.Equal(t, events.Trigger, r.state().Cause)
	assert.Nil(t, r.owed("s/end"), "what is undone already is not ended")
}
