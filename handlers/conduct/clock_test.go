package conduct_test

import (
	"context"
	"log/slog"
	"math"
	"strings"
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

// heard has the stage's problems told.
func (s *stage) heard() *strings.Builder {
	var told strings.Builder
	s.config.Problems = slog.New(slog.NewTextHandler(&told, nil))
	return &told
}

// An agent on another host may have a clock that is an hour off, or that is set
// under the fault.
func TestAnAgentsClockIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ seen, gone time.Duration }{
		"ahead": {time.Hour, time.Hour}, "behind": {-time.Hour, -time.Hour},
		"set ahead": {0, time.Hour}, "set back": {0, -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				told := s.heard()
				s.set(0, c.seen)
				s.ask("1", commands.Schedule{Document: play()})
				s.start()
				s.until(in(experiment.Injected))
				s.set(0, c.gone)
				x := s.until(over)
				s.end()
				assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
				assert.Equal(t, inOrder(), s.order())
				assert.Less(t, x.Ended.Sub(x.Scheduled), time.Minute, "nothing waits for the clock")
				assert.Equal(t, "the agent's clock is off by about 1h0m0s", x.Recovery.Why)
				assert.Equal(t, 1, strings.Count(told.String(), "the agent's clock is off by about 1h0m0s"), told.String())
				s.replaysTheSame()
			})
		})
	}
}

// TestTheClockIsSetBetweenTwoLives sets it back an hour, for the conductor and
// the agent, while the conductor is away: the record does not go back.
func TestTheClockIsSetBetweenTwoLives(t *testing.T) {
	for name, when := range map[string]func(experiment.State) bool{
		"in the baseline":         in(experiment.Baselining),
		"under the fault":         in(experiment.Injected),
		"when it is to be undone": in(experiment.RollingBack),
		"in the recovery":         in(experiment.Recovering),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.ask("1", commands.Schedule{Document: play()})
				s.start()
				s.until(when)
				pause.For(t.Context(), 10*time.Millisecond)
				s.end()
				s.set(-time.Hour, -time.Hour)
				s.start()
				x := s.until(over)
				s.end()
				s.contiguous(1)
				s.goesOn()
				s.replaysTheSame()
				assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
				assert.Equal(t, inOrder(), s.order())
			})
		})
	}
}

// goesOn says that no time of the record goes back.
func (s *stage) goesOn() {
	s.t.Helper()
	last := s.log.State(led).Began
	for _, tick := range s.ticks {
		require.True(s.t, tick.At.After(last), "tick %d is of %s, and before it was %s", tick.Seq, tick.At, last)
		last = tick.At
		for _, r := range tick.Readings {
			require.False(s.t, r.At.After(tick.At))
		}
	}
}

func TestTheClockIsSetBackBeforeAnyTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.away(false, true)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(in(experiment.Injected))
		s.end()
		s.away(false, false)
		s.set(-time.Hour, 0)
		s.start()
		s.until(over)
		s.end()
		s.contiguous(1)
		s.goesOn()
	})
}

// What the account of the records leads to bears the time of the ticks, too.
func TestTheEndIsOfTheClockOfTheTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.set(time.Hour, 0)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		x := s.until(over)
		s.end()
		assert.InDelta(t, 0, x.Ended.Sub(s.ticks[len(s.ticks)-1].At).Seconds(), 1)
		assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
	})
}

// TestWhatCannotBeSentEndsTheExperiment has a command made that nobody could
// read back. It is given up once, and nothing waits for it for ever.
func TestWhatCannotBeSentEndsTheExperiment(t *testing.T) {
	cases := map[string]struct {
		spoil   func(*stage)
		command string
		phase   experiment.Phase
	}{
		"after the fault": {func(s *stage) { s.books.share = math.NaN() }, "led/books", experiment.Aborted},
		"before the baseline": {func(s *stage) {
			s.config.Radius = func(context.Context, experiment.State, spec.Platform) (events.BlastRadiusDecided, error) {
				none := math.Inf(1)
				return events.BlastRadiusDecided{Allowed: true, Inputs: events.RadiusInputs{Traffic: events.Traffic{WeekMedian: &none}}}, nil
			}
		}, "led/baseline-begun", experiment.Denied},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				told := s.heard()
				c.spoil(s)
				s.ask("1", commands.Schedule{Document: play()})
				s.start()
				x := s.until(over)
				pause.For(t.Context(), 2*time.Minute)
				s.end()
				assert.Equal(t, c.phase, x.Phase, x.Reasons)
				assert.Equal(t, events.Inconclusive, x.Verdict)
				require.Len(t, x.Reasons, 1)
				assert.Contains(t, x.Reasons[0], "command "+c.command)
				assert.Contains(t, x.Reasons[0], commands.ErrUnreadable.Error())
				assert.Equal(t, 1, strings.Count(told.String(), c.command), told.String())
				assert.NotContains(t, s.order(), c.command)
				for _, st := range x.Steps {
					assert.NotEqual(t, experiment.Present, st.Phase)
				}
				if len(s.ticks) > 0 {
					s.contiguous(0)
				}
			})
		})
	}
}
