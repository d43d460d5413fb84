package conduct_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/pause"
)

// failing is an availability that crosses the trigger some time after the
// fault was seen, for as long as that is there.
func failing(after time.Duration) func(experiment.State) map[string]float64 {
	return func(x experiment.State) map[string]float64 {
		v := usual(x)
		if x.Phase == experiment.Injected && time.Since(x.Injected) > after {
			v["availability"] = 0.4
		}
		return v
	}
}

// soon waits, for at most a while, until what is foreseen is as ok wants it.
func (s *stage) soon(ok func(experiment.State) bool) experiment.State {
	s.t.Helper()
	for range 6000 {
		if x := s.config.Ahead.State(led); ok(x) {
			return x
		}
		pause.For(s.t.Context(), 10*time.Millisecond)
	}
	require.Fail(s.t, "what is foreseen is otherwise", "%+v", s.config.Ahead.State(led))
	return experiment.State{}
}

// TestAnExperimentOnItsOwnKafka takes Kafka away in each phase and for good:
// the rest is led by foreseen states, a trigger among them, and all is decided
// in its order once Kafka is back.
func TestAnExperimentOnItsOwnKafka(t *testing.T) {
	for name, when := range map[string]func(experiment.State) bool{
		"from the baseline on":    in(experiment.Baselining),
		"from the request on":     in(experiment.Injecting),
		"from the fault on":       in(experiment.Injected),
		"from the recovery on":    in(experiment.Recovering),
		"from before the verdict": func(x experiment.State) bool { return x.Recovery != nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.reading = failing(5 * time.Second)
				s.ask("1", commands.Schedule{Document: play()})
				s.start()
				s.until(when)
				s.away(true, true)
				away := s.soon(over)
				assert.False(t, s.log.State(led).Phase.Over(), "the log knows nothing of it")
				pause.For(t.Context(), time.Minute)
				s.away(false, false)
				x := s.until(over)
				s.end()
				assert.Equal(t, away, x, "what was foreseen came to be")
				assert.Equal(t, events.Refuted, x.Verdict, x.Reasons)
				require.NotNil(t, x.Trigger)
				assert.Len(t, s.told, 1)
				s.contiguous(0)
				s.replaysTheSame()
			})
		})
	}
}

// TestATriggerDoesNotWaitForKafka: the agents hear of it at the beat that shows
// it, and once.
func TestATriggerDoesNotWaitForKafka(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.reading = failing(5 * time.Second)
		d := play()
		d.Impact = nil // so that nothing waits before the trigger
		s.ask("1", commands.Schedule{Document: d})
		s.start()
		injected := s.until(in(experiment.Injected)).Injected
		s.away(true, true)
		x := s.soon(in(experiment.Recovering))
		assert.Greater(t, time.Since(s.told[0].at), time.Second, "it was due at more than one tick")
		require.Len(t, s.told, 1)
		assert.Equal(t, "availability < 0.5", s.told[0].why)
		assert.Equal(t, x.Trigger.ReadAt, s.told[0].at.UTC(), "at the tick that read it")
		assert.Equal(t, 6*time.Second, s.told[0].at.Sub(injected).Round(time.Second))
		assert.Less(t, x.RolledBack.Sub(s.told[0].at), 400*time.Millisecond, "before it is even foreseen")
	})
}

// A trigger whose readings are missing for longer than its grace fires too.
func TestATriggerThatIsUnknownTooLongIsToldToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.reading = func(x experiment.State) map[string]float64 {
			v := usual(x)
			if x.Phase == experiment.Injected {
				delete(v, "availability")
			}
			return v
		}
		d := play()
		d.Steps[0].For, d.Limits.TriggerGrace = 60*second, 10*second
		s.ask("1", commands.Schedule{Document: d})
		s.start()
		injected := s.until(in(experiment.Injected)).Injected
		s.away(true, true)
		s.soon(over)
		s.away(false, false)
		x := s.until(over)
		s.end()
		require.Len(t, s.told, 1)
		assert.InDelta(t, 13.5, s.told[0].at.Sub(injected).Seconds(), 1.5, "a reading is fresh for 2.5 s, and the grace is 10")
		assert.Equal(t, events.Unknown, x.Trigger.Answer)
		s.contiguous(0)
		s.replaysTheSame()
	})
}

// TestARestartWhileKafkaIsAway loses the ticks that were not recorded, and no
// command: what nobody can judge again is a gap.
func TestARestartWhileKafkaIsAway(t *testing.T) {
	for name, after := range map[string]time.Duration{"before the trigger": 3 * time.Second, "after it": 8 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.reading = failing(5 * time.Second)
				s.ask("1", commands.Schedule{Document: play()})
				s.start()
				s.until(in(experiment.Injected))
				pause.For(t.Context(), 1500*time.Millisecond)
				s.away(true, true)
				pause.For(t.Context(), after)
				s.end()
				s.start()
				s.soon(over)
				s.away(false, false)
				x := s.until(over)
				s.end()
				assert.Equal(t, events.Refuted, x.Verdict, x.Reasons)
				require.NotNil(t, x.Trigger)
				s.contiguous(1)
				s.replaysTheSame()
			})
		})
	}
}

// TestARestartAfterKafkaTookTicksOnly: the record is ahead of the log, whose
// commands are still on their way.
func TestARestartAfterKafkaTookTicksOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.reading = failing(5 * time.Second)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(in(experiment.Injected))
		s.away(true, false)
		s.soon(in(experiment.Recovering))
		pause.For(t.Context(), 1500*time.Millisecond)
		s.end()
		require.NotEmpty(t, s.ticks[len(s.ticks)-1].Foreseen)
		s.start()
		pause.For(t.Context(), 5*time.Second)
		s.away(false, false)
		x := s.until(over)
		s.end()
		assert.Equal(t, events.Refuted, x.Verdict, x.Reasons)
		s.contiguous(1)
		s.replaysTheSame()
	})
}

// Beyond the tape nothing is judged, but what ends a fault is seen to.
func TestBeyondTheTapeATriggerStillFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.reading = failing(650 * time.Second)
		d := play()
		d.Steps[0].For, d.Limits.MaxFaultLife = 1000*second, 1100*second
		s.ask("1", commands.Schedule{Document: d})
		s.start()
		injected := s.until(in(experiment.Injected)).Injected
		s.away(true, true)
		pause.For(t.Context(), 700*time.Second)
		require.Len(t, s.told, 1)
		assert.InDelta(t, 651, s.told[0].at.Sub(injected).Seconds(), 1.5)
		s.away(false, false)
		x := s.until(over)
		s.end()
		assert.Equal(t, events.Refuted, x.Verdict, x.Reasons)
		s.contiguous(1)
		s.replaysTheSame()
	})
}

func TestBeyondTheTapeAFaultEndsAsPlanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		d := play()
		d.Steps[0].For, d.Limits.MaxFaultLife = 650*second, 1100*second
		s.ask("1", commands.Schedule{Document: d})
		s.start()
		injected := s.until(in(experiment.Injected)).Injected
		s.away(true, true)
		gone := s.soonOf(in(experiment.Recovering), 700*time.Second).RolledBack
		assert.InDelta(t, 652, gone.Sub(injected).Seconds(), 2.5)
		s.away(false, false)
		x := s.until(over)
		s.end()
		assert.Equal(t, events.Inconclusive, x.Verdict, x.Reasons)
		assert.Empty(t, s.told)
		s.contiguous(1)
		s.replaysTheSame()
	})
}

// soonOf is soon after a wait.
func (s *stage) soonOf(ok func(experiment.State) bool, after time.Duration) experiment.State {
	s.t.Helper()
	pause.For(s.t.Context(), after)
	return s.soon(ok)
}

// TestTheLogSaysOtherwise slips a command in that nobody foresaw: what was
// judged since counts for nothing, the record says so, and the log why it ends.
func TestTheLogSaysOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.reading = failing(5 * time.Second)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(in(experiment.Injected))
		s.away(true, true)
		s.soon(in(experiment.Recovering))
		pause.For(t.Context(), 1500*time.Millisecond)
		s.ask("other", commands.Note{Kind: events.Finding, Text: "I was here first"})
		s.away(false, false)
		x := s.until(over)
		s.end()
		assert.Equal(t, experiment.Aborted, x.Phase)
		assert.Equal(t, events.Inconclusive, x.Verdict, x.Reasons)
		last := s.ticks[len(s.ticks)-1]
		require.NotNil(t, last.Gap)
		assert.Contains(t, last.Gap.Why, "the log says otherwise than was foreseen")
		assert.Contains(t, last.Gap.Why, "came from other")
		assert.Empty(t, last.Readings)
		from := false
		for _, tick := range s.ticks {
			if len(tick.Foreseen) > 0 {
				from = true
				assert.False(t, tick.At.Before(last.Gap.From), "tick %d lies in the gap", tick.Seq)
			}
		}
		assert.True(t, from, "some were judged by it")
	})
}

// A later life that finds such a record gives up in the same way.
func TestALaterLifeFindsThatTheLogSaysOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		d := play()
		d.Steps[0].For = 10 * second
		s.ask("1", commands.Schedule{Document: d})
		s.start()
		s.until(in(experiment.Injected))
		s.away(true, false)
		s.soon(in(experiment.Recovering))
		pause.For(t.Context(), 1500*time.Millisecond)
		s.end()
		s.ask("other", commands.Note{Kind: events.Finding, Text: "I was here first"})
		s.outbox.lose()
		s.away(false, false)
		s.start()
		x := s.until(over)
		s.end()
		assert.Equal(t, experiment.Aborted, x.Phase)
		assert.Equal(t, experiment.Gone, x.Steps[0].Phase, "the fault went first")
		last := s.ticks[len(s.ticks)-1]
		require.NotNil(t, last.Gap)
		assert.Contains(t, last.Gap.Why, "the log says otherwise than was foreseen")
	})
}

// TestWhatCannotBeKeptWaits, in its order, and is not foreseen: nothing that a
// crash could lose is.
func TestWhatCannotBeKeptWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		keep, began := s.config.Keep, time.Now()
		s.config.Keep = func(ctx context.Context, e commands.Envelope) error {
			if since := time.Since(began); since > 15*time.Second && since < time.Minute {
				return errors.New("nats is away")
			}
			return keep(ctx, e)
		}
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(in(experiment.Injected))
		pause.For(t.Context(), 30*time.Second)
		assert.Equal(t, experiment.Injected, s.config.Ahead.State(led).Phase)
		x := s.until(over)
		s.end()
		assert.Equal(t, inOrder(), s.order())
		assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
		s.replaysTheSame()
	})
}

// TestATickThatCannotBeWritten leaves a gap, and holds up no other.
func TestATickThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.config.Record = func(ctx context.Context, tick events.Tick) error {
			if tick.Seq == 5 && len(tick.Readings) > 0 {
				return poison.New(errors.New("no such number"))
			}
			return s.record(ctx, tick)
		}
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(over)
		s.end()
		require.Equal(t, uint64(5), s.ticks[4].Seq)
		require.NotNil(t, s.ticks[4].Gap)
		assert.Contains(t, s.ticks[4].Gap.Why, "no such number")
		assert.Equal(t, uint64(len(s.ticks)), s.ticks[len(s.ticks)-1].Seq)
	})
}

// Where all is decided before the next beat, the record still says so.
func TestTheLogSaysOtherwiseOfWhatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(in(experiment.Injected))
		s.away(true, true)
		s.soon(over)
		s.ask("other", commands.Note{Kind: events.Finding, Text: "I was here first"})
		s.away(false, false)
		x := s.until(over)
		pause.For(t.Context(), 5*time.Second)
		s.end()
		assert.Equal(t, experiment.Concluded, x.Phase)
		last := s.ticks[len(s.ticks)-1]
		require.NotNil(t, last.Gap)
		assert.Contains(t, last.Gap.Why, "the log says otherwise than was foreseen")
	})
}

// TestADeadLetterIsSentAgain, until the log shows it.
func TestADeadLetterIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.swallow = map[string]int{"led/books": 2}
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		gone := s.until(in(experiment.Recovering)).RolledBack
		x := s.until(over)
		s.end()
		assert.InDelta(t, 50, time.Since(gone).Seconds(), 3, "after 15 and 30 more seconds")
		assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
		s.replaysTheSame()
	})
}
