package judging_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// recovering is a trial whose fault was seen gone after 33 seconds.
func recovering(t *testing.T, doc spec.Document) *trial {
	t.Helper()
	r := newTrial(t, doc)
	r.inject()
	r.beat(13, 15, but(values{"load": 9}))
	r.rollBack(33)
	return r
}

func TestRecovery(t *testing.T) {
	cases := map[string]struct {
		play func(*trial)
		want time.Duration // after rollback; 0: not recovered
		why  string
	}{
		"at once":                        {func(r *trial) { r.beat(34, 34, well()) }, time.Second, ""},
		"once it is steady":              {func(r *trial) { r.beat(34, 40, but(values{"load": 10})); r.beat(41, 50, well()) }, 8 * time.Second, ""},
		"once all are healthy":           {func(r *trial) { r.beat(34, 40, but(values{"healthy.api": 0})); r.beat(41, 50, well()) }, 8 * time.Second, ""},
		"half a health":                  {func(r *trial) { r.beat(34, 40, but(values{"healthy.api": 0.5})); r.beat(41, 50, well()) }, 8 * time.Second, ""},
		"once it is read":                {func(r *trial) { r.beat(34, 40, without("load")); r.beat(41, 50, well()) }, 8 * time.Second, ""},
		"the first time":                 {func(r *trial) { r.beat(34, 34, well()); r.beat(35, 80, but(values{"load": 10})) }, time.Second, ""},
		"never steady":                   {func(r *trial) { r.beat(34, 73, but(values{"load": 10})) }, 0, "40s after rollback: light is violated"},
		"never healthy":                  {func(r *trial) { r.beat(34, 73, but(values{"healthy.api": 0})) }, 0, "40s after rollback: api is not healthy"},
		"never read":                     {func(r *trial) { r.beat(34, 73, nil) }, 0, "40s after rollback: light is unknown; the health of api is unknown"},
		"too slow":                       {func(r *trial) { r.beat(34, 67, nil); r.beat(68, 68, well()) }, 35 * time.Second, ""},
		"too slow, or unseen":            {func(r *trial) { r.beat(34, 50, nil); r.gap(50, 68) }, 35 * time.Second, "it may have been back in time: 18s of its readings are missing"},
		"a gap from its begin":           {func(r *trial) { r.gap(20, 68) }, 35 * time.Second, "it may have been back in time: 35s of its readings are missing"},
		"a gap when it was late already": {func(r *trial) { r.beat(34, 64, nil); r.gap(64, 70) }, 37 * time.Second, ""},
		"a gap, but in time":             {func(r *trial) { r.gap(33, 63) }, 30 * time.Second, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := recovering(t, document())
			c.play(r)
			got := r.state().Recovery
			require.NotNil(t, got)
			assert.Equal(t, c.want > 0, got.Recovered)
			assert.Equal(t, c.why, got.Why)
			if !got.Recovered {
				assert.Nil(t, got.FromRollback)
				return
			}
			assert.Equal(t, spec.Duration(c.want), *got.FromRollback)
			assert.Equal(t, spec.Duration(c.want)+21*second, *got.FromInjection)
		})
	}
}

// A gap is no time that the system had to come back: what is not seen then
// may not be held against it.
func TestAGapDoesNotUseUpTheTimeToRecover(t *testing.T) {
	r := recovering(t, document())
	r.judged(events.Tick{At: at(600), Gap: &events.Gap{From: at(20), To: at(600), Why: "test"}})
	r.follow()
	require.Nil(t, r.state().Recovery, "the first tick after a gap brings no readings yet")
	r.beat(601, 601, well())
	require.NotNil(t, r.state().Recovery)
	assert.True(t, r.state().Recovery.Recovered)
	assert.Equal(t, events.Unknown, r.state().RecoveryAnswer(), "nobody saw when it was back")
	assert.Equal(t, experiment.Concluded, r.state().Phase)
	assert.Equal(t, events.Inconclusive, r.state().Verdict, r.state().Reasons)
}

func TestAGapDoesNotGiveTimeForEver(t *testing.T) {
	r := recovering(t, document())
	r.judged(events.Tick{At: at(600), Gap: &events.Gap{From: at(20), To: at(600), Why: "test"}})
	r.beat(601, 639, but(values{"load": 10}))
	require.Nil(t, r.state().Recovery)
	r.beat(640, 640, but(values{"load": 10}))
	require.NotNil(t, r.state().Recovery)
	assert.False(t, r.state().Recovery.Recovered)
}

// Where readings come seldom, one of before the rollback is still fresh after
// it. It says nothing of what came back.
func TestRecoveryNeedsReadingsOfAfterRollback(t *testing.T) {
	doc := document()
	doc.Baseline = spec.Baseline{Duration: 10 * second, Every: 10 * second}
	r := newTrial(t, doc)
	r.beat(1, 11, well())
	r.do(12, commands.ReportInjected{Step: "s", SeenAt: at(12)})
	r.beat(13, 15, nil) // what is broken gives no readings
	r.rollBack(16)
	r.beat(17, 20, nil)
	assert.Nil(t, r.state().Recovery, "all that is known was read before injection")
	r.beat(21, 21, well())
	require.NotNil(t, r.state().Recovery)
	assert.Equal(t, 5*second, *r.state().Recovery.FromRollback)
}

func TestNoRecoveryIsMeasuredBeforeTheFaultIsGone(t *testing.T) {
	r := newTrial(t, document())
	r.inject()
	r.do(20, commands.EndStep{Step: "s"})
	r.beat(21, 100, well())
	assert.Nil(t, r.owed("recovery"))
	r.do(100, commands.ReportStuck{Step: "s", Why: "w", Manual: "m"})
	r.beat(101, 150, well())
	assert.Nil(t, r.owed("recovery"))
	assert.Equal(t, experiment.Stuck, r.state().Phase)
}

func TestUserImpactIsTheWorstBetweenInjectionAndRecovery(t *testing.T) {
	doc := document()
	doc.Triggers = []spec.Rule{}
	r := newTrial(t, doc)
	worst := values{"availability": 0, "error_rate": 1, "response_time": 99, "data_age": 99, "ingestion_gap": 99}
	r.beat(1, 10, well())
	r.beat(11, 11, but(worst)) // of before the fault
	r.do(11.5, commands.ReportInjected{Step: "s", SeenAt: at(11.5)})
	r.beat(12, 13, but(values{"availability": 0.97, "error_rate": 0.01, "response_time": 2, "data_age": 3}))
	r.beat(14, 14, but(values{"availability": 0.99, "error_rate": 0.05, "response_time": 1, "data_age": 5}))
	r.beat(15, 15, nil)
	r.rollBack(16)
	r.beat(17, 17, but(values{"load": 10, "availability": 0.96, "response_time": 3}))
	r.beat(18, 18, well())
	r.beat(19, 25, but(worst)) // of after it
	require.NotNil(t, r.state().Recovery)
	assert.Equal(t, events.UserImpact{
		MinAvailability: new(0.96), MaxErrorRate: new(0.05), MaxResponseTime: new(3.0), MaxDataAge: new(5.0),
	}, r.state().Recovery.Impact, "what no client saw is not zero")
}
