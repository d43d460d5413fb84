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

// clocks is by how many seconds the agent's clock is ahead of that of ticks and
// readings, when it sees its fault and when it sees it gone.
type clocks struct{ seen, gone float64 }

func wrongClocks() map[string]clocks {
	const hour = 3600
	return map[string]clocks{
		"an hour ahead": {hour, hour}, "an hour behind": {-hour, -hour},
		"set ahead under the fault": {0, hour}, "set back under the fault": {0, -hour},
		"set ahead and back": {hour, -hour}, "set back and ahead": {-hour, hour},
	}
}

// broken leads a trial to the end of its fault, half a second after the tick
// that it returns. It was asked for after 11 s and there from 12.5 s on.
func (c clocks) broken(r *trial) (gone int) {
	r.Helper()
	r.beat(1, 12, well())
	require.Equal(r, experiment.Injecting, r.state().Phase, r.state().Reasons)
	r.do(12.5, commands.ReportInjected{Step: "s", SeenAt: at(12.5 + c.seen)})
	for i := 13; r.state().Phase == experiment.Injected; i++ {
		require.Less(r, i, 60, "its time is over")
		r.beat(i, i, but(values{"load": 9}))
	}
	require.Equal(r, experiment.RollingBack, r.state().Phase)
	gone = len(r.ticks) + 1
	assert.InDelta(r, 32.5, gone, 1.5, "the fault was there for 20 s, as far as the ticks can say")
	r.beat(gone, gone, but(values{"load": 9}))
	r.do(float64(gone)+0.5, commands.ReportRolledBack{Step: "s", Cause: events.Planned, SeenAt: at(float64(gone) + 0.5 + c.gone)})
	require.Equal(r, experiment.Recovering, r.state().Phase)
	return gone
}

func TestAnAgentsClockMayBeWrong(t *testing.T) {
	for name, c := range wrongClocks() {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t, document())
			gone := c.broken(r)
			r.beat(gone+1, gone+4, but(values{"load": 10}))
			require.Nil(t, r.state().Recovery, "it is not steady yet")
			r.beat(gone+5, gone+7, well())
			got := r.state().Recovery
			require.NotNil(t, got, "recovery does not wait for the clock")
			require.True(t, got.Recovered)
			assert.InDelta(t, 4.5, got.FromRollback.Of().Seconds(), 2, "the ticks bound it")
			assert.InDelta(t, float64(gone)+5-12.5, got.FromInjection.Of().Seconds(), 2)
			assert.Equal(t, "the agent's clock is off by about 1h0m0s", got.Why)
			assert.Equal(t, events.Upheld, r.state().Verdict, r.state().Reasons)
			assert.Equal(t, "the agent's clock is off by about 1h0m0s", r.judge.Clock())
			answer, _ := r.state().Claim(events.ClaimImpact, document().Impact.Rule)
			assert.Equal(t, events.Holds, answer)
		})
	}
}

// A clock that is right is believed to the last bit, and nothing is said of it.
func TestARightClockIsBelieved(t *testing.T) {
	r := newTrial(t, document())
	gone := clocks{}.broken(r)
	r.beat(gone+1, gone+2, well())
	got := r.state().Recovery
	require.NotNil(t, got)
	assert.Equal(t, 500*time.Millisecond, got.FromRollback.Of())
	assert.Equal(t, time.Duration(gone+1)*time.Second-12500*time.Millisecond, got.FromInjection.Of())
	assert.Empty(t, got.Why)
	assert.Empty(t, r.judge.Clock())
}

// Where nobody was there to see when the fault went, and the clock that says it
// is wrong, nobody knows whether the system was back in time (I6).
func TestAWrongClockInAGapLeavesRecoveryUnknown(t *testing.T) {
	for name, c := range wrongClocks() {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t, document())
			gone := c.broken(r)
			r.judged(events.Tick{At: at(80), Gap: &events.Gap{From: at(float64(gone)), To: at(80), Why: "test"}})
			r.follow()
			r.beat(81, 82, well())
			require.NotNil(t, r.state().Recovery)
			assert.True(t, r.state().Recovery.Recovered)
			assert.Equal(t, events.Unknown, r.state().RecoveryAnswer(), r.state().Recovery.Why)
			assert.Equal(t, events.Inconclusive, r.state().Verdict)
		})
	}
}

func TestTooSlowIsTooSlowByAnyClock(t *testing.T) {
	for name, c := range wrongClocks() {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t, document())
			gone := c.broken(r)
			r.beat(gone+1, gone+36, but(values{"load": 10}))
			r.beat(gone+37, gone+37, well())
			require.NotNil(t, r.state().Recovery)
			assert.Equal(t, events.Violated, r.state().RecoveryAnswer())
			assert.Equal(t, events.Refuted, r.state().Verdict)
		})
	}
}

// What was read while the fault may still have been there says nothing of the
// recovery, whatever the agent's clock says.
func TestAWrongClockMakesNoOldReadingNew(t *testing.T) {
	r := newTrial(t, document())
	gone := float64(clocks{gone: -3600}.broken(r))
	r.judged(events.Tick{At: at(gone + 1), Readings: readings(gone+0.2, well())})
	r.judged(events.Tick{At: at(gone + 2)})
	assert.Nil(t, r.owed("recovery"), "all that is known was read before it was seen gone")
	r.tick(gone+3, well())
	assert.NotNil(t, r.owed("recovery"))
}

// An agent that undid before anybody asked it, and whose clock is right, is
// believed: the request came late, not the end.
func TestAnEndBeforeItsRequestIsBelieved(t *testing.T) {
	r := newTrial(t, document())
	r.inject()
	r.beat(13, 20, but(values{"load": 9}))
	r.do(20.5, commands.EndStep{Step: "s"})
	r.do(20.6, commands.ReportRolledBack{Step: "s", Cause: events.Lease, SeenAt: at(15.5)})
	r.beat(21, 21, well())
	require.NotNil(t, r.state().Recovery)
	assert.Equal(t, 5500*time.Millisecond, r.state().Recovery.FromRollback.Of())
	assert.Empty(t, r.judge.Clock())
}

// A trigger is the request, for an agent that heard of it before the log.
func TestATriggerBoundsAWrongClock(t *testing.T) {
	r := newTrial(t, document())
	r.beat(1, 12, well())
	r.do(12.5, commands.ReportInjected{Step: "s", SeenAt: at(12.5 - 3600)})
	r.beat(13, 19, but(values{"load": 9}))
	r.tick(20, but(values{"load": 9, "error_rate": 0.5}))
	r.do(20.5, commands.ReportRolledBack{Step: "s", Cause: events.Trigger, SeenAt: at(20.4 - 3600)})
	r.follow()
	r.beat(21, 23, well())
	got := r.state().Recovery
	require.NotNil(t, got)
	assert.InDelta(t, 2, got.FromRollback.Of().Seconds(), 0.5, "not since the fault came")
	assert.Equal(t, events.Refuted, r.state().Verdict)
}

// A step that lasts its time by an agent's clock must not end at once, nor never.
func TestAGuardBoundsAWrongClock(t *testing.T) {
	for name, c := range wrongClocks() {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t, document())
			r.beat(1, 12, well())
			r.do(12.5, commands.ReportInjected{Step: "s", SeenAt: at(12.5 + c.seen)})
			g := r.judge.Aside()
			ended := 0
			for i := 13; i <= 50 && ended == 0; i++ {
				if len(g.Tick(r.state(), events.Tick{At: at(float64(i)), Readings: readings(float64(i), well())})) > 0 {
					ended = i
				}
			}
			assert.InDelta(t, 32.5, ended, 1.5)
		})
	}
}
