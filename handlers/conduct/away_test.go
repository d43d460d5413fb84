package conduct_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/spec"
)

// TestKafkaMayBeAwayForAWhile takes it away while the fault is there, for
// longer than the fault is meant to stay.
func TestKafkaMayBeAwayForAWhile(t *testing.T) {
	for name, half := range map[string]struct{ deaf, blind bool }{
		"wholly": {true, true}, "for commands": {true, false}, "for readings": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.ask("1", commands.Schedule{Document: play()})
				s.start()
				s.until(in(experiment.Injected))
				s.away(half.deaf, half.blind)
				pause.For(t.Context(), 2*time.Minute)
				s.away(false, false)
				x := s.until(over)
				s.end()
				assert.Equal(t, inOrder(), s.order(), "in the order in which they fell due")
				s.contiguous(0)
				s.replaysTheSame()
				assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
			})
		})
	}
}

// A tape holds ten minutes of ticks. What came after is missing, and says so;
// what needed it is unknown.
func TestBeyondTheTapeIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		d := play()
		d.Steps[0].For, d.Limits.MaxFaultLife = 1000*second, 1100*second
		s.ask("1", commands.Schedule{Document: d})
		s.start()
		injected := s.until(in(experiment.Injected)).Injected
		s.away(false, true)
		pause.For(t.Context(), 700*time.Second)
		s.away(false, false)
		x := s.until(over)
		s.end()
		s.contiguous(1)
		s.replaysTheSame()
		gap := gaps(s.ticks)[0]
		assert.InDelta(t, 601, gap.From.Sub(injected).Seconds(), 2, "the tape and the tick that waits are kept")
		assert.InDelta(t, 700, gap.To.Sub(injected).Seconds(), 2)
		assert.Equal(t, "Kafka took no readings for too long", gap.Why)
		answer, judged := x.Claim(events.ClaimMaintains, "availability >= 0.95")
		assert.True(t, judged)
		assert.Equal(t, events.Unknown, answer)
		assert.Equal(t, events.Inconclusive, x.Verdict, x.Reasons)
	})
}

func gaps(ticks []events.Tick) []events.Gap {
	var out []events.Gap
	for _, t := range ticks {
		if t.Gap != nil {
			out = append(out, *t.Gap)
		}
	}
	return out
}

// TestARestartGoesOn ends the conductor in each phase; the next life finds the
// log and the recorded ticks.
func TestARestartGoesOn(t *testing.T) {
	cases := map[string]func(experiment.State) bool{
		"in the baseline":         in(experiment.Baselining),
		"when a fault is asked":   in(experiment.Injecting),
		"under the fault":         in(experiment.Injected),
		"when it is to be undone": in(experiment.RollingBack),
		"in the recovery":         in(experiment.Recovering),
		"when the books are open": func(x experiment.State) bool { return x.Recovery != nil },
	}
	for name, when := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.ask("1", commands.Schedule{Document: play()})
				s.start()
				s.until(when)
				pause.For(t.Context(), 10*time.Millisecond)
				s.end()
				pause.For(t.Context(), 700*time.Millisecond)
				s.start()
				x := s.until(over)
				s.end()
				s.contiguous(1)
				s.replaysTheSame()
				assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
				assert.Equal(t, inOrder(), s.order())
			})
		})
	}
}

func TestARestartBeforeTheBaselineIsNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		allowed := s.config.Radius
		s.config.Radius = func(ctx context.Context, _ experiment.State, _ spec.Platform) (events.BlastRadiusDecided, error) {
			<-ctx.Done()
			return events.BlastRadiusDecided{}, ctx.Err()
		}
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		pause.For(t.Context(), time.Minute)
		s.end()
		s.config.Radius = allowed
		s.start()
		x := s.until(over)
		s.end()
		s.contiguous(0)
		assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
	})
}

// A fault that was out of sight for longer than its triggers' grace is undone
// as planned, but nobody can say what was maintained.
func TestALongAbsenceUnderTheFaultIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		d := play()
		d.Steps[0].For = 60 * second
		s.ask("1", commands.Schedule{Document: d})
		s.start()
		s.until(in(experiment.Injected))
		pause.For(t.Context(), 5*time.Second)
		s.end()
		pause.For(t.Context(), 40*time.Second)
		s.start()
		x := s.until(over)
		s.end()
		s.contiguous(1)
		assert.Equal(t, events.Inconclusive, x.Verdict, x.Reasons)
		assert.Equal(t, []string{"not_maintained: availability >= 0.95 (unknown)"}, x.Reasons)
	})
}

// A life that ends before Kafka had any of its ticks leaves a gap too.
func TestALifeThatLeftNoTicksIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.away(false, true)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		began := s.until(in(experiment.Injected)).Began
		s.end()
		s.away(false, false)
		s.start()
		s.until(over)
		s.end()
		s.contiguous(1)
		require.NotNil(t, s.ticks[0].Gap)
		assert.Equal(t, began.UTC(), s.ticks[0].Gap.From.UTC())
	})
}

// Of two lives that overlapped, the first that recorded a number counts.
func TestTwoLivesThatOverlapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(in(experiment.Injected))
		pause.For(t.Context(), 3500*time.Millisecond)
		s.end()
		other := s.ticks[len(s.ticks)-1]
		other.Readings = nil
		s.ticks = append(s.ticks, other)
		s.start()
		x := s.until(over)
		s.end()
		assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
		assert.Equal(t, other.Seq+1, s.ticks[other.Seq+1].Seq)
	})
}

// What is over is not led, and what was led and is over is let go.
func TestNoticeOfWhatIsOverLeadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.ask("1", commands.Schedule{Document: play()})
		s.ask("2", commands.Abort{Reason: "no"})
		s.start()
		pause.For(t.Context(), time.Minute)
		s.end()
		assert.Empty(t, s.sent)
		assert.Empty(t, s.ticks)
	})
}

// The end of the process does not wait for a Kafka that stays away.
func TestTheEndWaitsAMomentForWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(in(experiment.Injected))
		s.away(true, true)
		pause.For(t.Context(), 20*time.Second)
		ends := time.Now()
		s.end()
		assert.Equal(t, 5*time.Second, time.Since(ends))
		s.contiguous(0)
	})
}
