package judging_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers/judging"
	"github.com/k2-platform/faultline/spec"
)

// baseline ticks at the times given until the baseline is due.
func baseline(t testingT, doc spec.Document, times []float64, v func(i int) values) (commands.CompleteBaseline, *trial) {
	t.Helper()
	r := newTrial(t, doc)
	for i, seconds := range times {
		r.tick(seconds, v(i))
		if c, ok := r.owed("baseline").(commands.CompleteBaseline); ok {
			return c, r
		}
	}
	require.Fail(t, "the baseline was not completed")
	return commands.CompleteBaseline{}, nil
}

func seconds(from, to int) []float64 {
	var out []float64
	for i := from; i <= to; i++ {
		out = append(out, float64(i))
	}
	return out
}

func TestBaselineWindows(t *testing.T) {
	always := func(int) values { return well() }
	except := func(v values, bad ...int) func(int) values {
		return func(i int) values {
			if slices.Contains(bad, i) {
				return v
			}
			return well()
		}
	}
	late := seconds(1, 40)
	for i := range late {
		late[i] += float64(2-i%3) * 0.2 // 0.4, 0.2 or 0 s late
	}
	slow := document()
	slow.Baseline = spec.Baseline{Duration: 30 * second, Every: 10 * second}
	quick := document()
	quick.Baseline.Every = second / 2
	cases := map[string]struct {
		doc             spec.Document
		times           []float64
		values          func(int) values
		windows, broken int
		phase           experiment.Phase
	}{
		"steady":                      {document(), seconds(1, 40), always, 10, 0, experiment.Injecting},
		"a late clock":                {document(), late, always, 10, 0, experiment.Injecting},
		"windows of ten beats":        {slow, seconds(1, 40), always, 3, 0, experiment.Injecting},
		"windows shorter than a beat": {quick, seconds(1, 40), always, 10, 0, experiment.Injecting},
		"one window broken":           {document(), seconds(1, 40), except(but(values{"load": 11}), 4), 10, 1, experiment.Concluded},
		"its last value counts":       {slow, seconds(1, 40), except(but(values{"load": 11}), 4), 3, 0, experiment.Injecting},
		"one reading late":            {document(), seconds(1, 40), except(nil, 4), 10, 0, experiment.Injecting},
		"silence":                     {document(), seconds(1, 40), except(nil, 4, 5, 6, 7), 10, 2, experiment.Concluded},
		"a pause of the clock":        {document(), append(seconds(1, 4), seconds(7, 40)...), always, 10, 2, experiment.Concluded},
		"nothing is ever read":        {document(), seconds(1, 45), func(int) values { return nil }, 10, 10, experiment.Concluded},
		"warm after five seconds":     {document(), seconds(1, 40), except(nil, 0, 1, 2, 3, 4), 10, 0, experiment.Injecting},
		"others need not be warm":     {document(), seconds(1, 40), func(int) values { return values{"load": 1} }, 10, 0, experiment.Injecting},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, r := baseline(t, c.doc, c.times, c.values)
			assert.Equal(t, c.windows, got.Windows, "windows")
			assert.Equal(t, c.broken, got.Broken, "broken windows")
			r.follow()
			assert.Equal(t, c.phase, r.state().Phase)
		})
	}
}

// One of a hundred windows may be broken, the second ends it.
func TestOnePercentOfTheWindowsMayBeBroken(t *testing.T) {
	doc := document()
	doc.Baseline.Duration = 100 * second
	for broken, want := range map[int]experiment.Phase{1: experiment.Injecting, 2: experiment.Concluded} {
		got, r := baseline(t, doc, seconds(1, 110), func(i int) values {
			if i < broken {
				return but(values{"load": 10})
			}
			return well()
		})
		assert.Equal(t, broken, got.Broken)
		assert.Equal(t, 100, got.Windows)
		r.follow()
		assert.Equal(t, want, r.state().Phase)
		if want == experiment.Concluded {
			assert.Equal(t, events.Inconclusive, r.state().Verdict)
			assert.True(t, r.state().Injected.IsZero())
		}
	}
}

// A clock may be late by less than half a beat; that leaves no window empty.
func TestALateClockLeavesNoWindowEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := document()
		doc.Baseline.Every = spec.Duration(rapid.SampledFrom([]float64{0.25, 0.5, 1, 1.5, 2, 5, 10}).Draw(t, "every") * float64(second))
		doc.Baseline.Duration = 30 * second
		times := seconds(1, 40)
		for i := range times {
			times[i] += rapid.Float64Range(0, 0.49).Draw(t, "late")
		}
		got, _ := baseline(t, doc, times, func(int) values { return well() })
		if got.Broken != 0 {
			t.Fatalf("%d of %d windows are broken", got.Broken, got.Windows)
		}
	})
}

func TestBaselineDistribution(t *testing.T) {
	got, r := baseline(t, document(), seconds(1, 40), func(i int) values { return but(values{"load": float64(i%10) / 2}) })
	d := got.Metrics["load"]
	assert.Equal(t, 10, d.N)
	assert.InDelta(t, 2.25, d.Mean, 1e-12)
	assert.InDelta(t, 2.25, d.Median, 1e-12)
	assert.InDelta(t, 0, d.Min, 0)
	assert.InDelta(t, 4.5, d.Max, 0)
	assert.InDelta(t, 1.5138, d.StdDev, 1e-4)
	assert.InDelta(t, 4.275, d.P95, 1e-12)
	assert.NotContains(t, got.Metrics, "data_age", "what was not read has no distribution")
	assert.Equal(t, 10, got.Metrics["healthy.api"].N)
	assert.NotPanics(t, r.follow)
}

// A reading that stays for several ticks is one reading.
func TestAReadingIsCountedOnce(t *testing.T) {
	doc := document()
	doc.Baseline = spec.Baseline{Duration: 30 * second, Every: 10 * second}
	got, _ := baseline(t, doc, seconds(1, 40), func(i int) values {
		if i%10 == 0 {
			return well()
		}
		return nil
	})
	assert.Equal(t, 3, got.Metrics["load"].N)
	assert.Zero(t, got.Broken)
}

// The baseline of the log is what rules are judged by, also in a judge that
// was not there when it was taken.
func TestALaterJudgeHasTheBaselineFromTheLog(t *testing.T) {
	r := newTrial(t, document())
	r.inject()
	j, err := judging.New(r.doc.WithDefaults(), platform())
	require.NoError(t, err)
	r.judge = j
	r.tick(13, but(values{"load": 8.5}))
	impact, ok := r.owed("impact").(commands.JudgeClaim)
	require.True(t, ok)
	assert.Equal(t, events.Holds, impact.Answer)
	assert.Equal(t, map[string]float64{"load": 8.5, "baseline.load": 4}, impact.Values)
}

func TestMetricsAreThoseThatRulesRecoveryAndClientsNeed(t *testing.T) {
	j, err := judging.New(document(), platform())
	require.NoError(t, err)
	assert.Equal(t, []string{"availability", "data_age", "error_rate", "healthy.api", "ingestion_gap", "load", "response_time"}, j.Metrics())
}

func TestARuleThatDoesNotCompileIsAnError(t *testing.T) {
	doc := document()
	doc.Triggers = append(doc.Triggers, spec.Rule{Expr: "eror_rate > 0.2"})
	_, err := judging.New(doc, platform())
	require.ErrorContains(t, err, "error_rate")
}
