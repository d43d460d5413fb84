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
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/spec"
)

// inOrder are the commands of an experiment that is upheld.
func inOrder() []string {
	return []string{"led/baseline-begun", "led/baseline", "led/impact", "led/s/end", "led/maintains/0", "led/recovery", "led/books"}
}

func TestAnExperimentIsLedToItsVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		x := s.until(over)
		s.end()
		assert.Equal(t, events.Upheld, x.Verdict, x.Reasons)
		assert.Equal(t, inOrder(), s.order())
		assert.Len(t, s.sent, len(inOrder()), "each is sent once")
		assert.Equal(t, int64(100), x.Opened.Taken)
		assert.Equal(t, int64(7), x.Books.During, "the table as it was under the fault")
		s.contiguous(0)
		s.replaysTheSame()
		for _, e := range s.sent {
			assert.Equal(t, "conductor", e.By)
			assert.False(t, e.At.IsZero())
		}
	})
}

// contiguous says that the recorded ticks are numbered without a hole, on
// states that follow each other, and that so many of them tell of a gap.
func (s *stage) contiguous(gaps int) {
	s.t.Helper()
	require.NotEmpty(s.t, s.ticks)
	version := uint64(0)
	for i, tick := range s.ticks {
		require.Equal(s.t, uint64(i+1), tick.Seq)
		require.GreaterOrEqual(s.t, tick.Version, version)
		version = tick.Version
		if tick.Gap == nil {
			continue
		}
		gaps--
		require.Equal(s.t, tick.At, tick.Gap.To)
		require.True(s.t, tick.Gap.From.Before(tick.Gap.To))
		require.NotEmpty(s.t, tick.Gap.Why)
	}
	require.Zero(s.t, gaps, "gaps that are missing")
}

func TestWhatCannotBeLedIsDenied(t *testing.T) {
	wrong := errors.New("wrong")
	cases := map[string]struct {
		change func(*stage, *spec.Document)
		why    string
	}{
		"the document may not run there": {func(s *stage, _ *spec.Document) {
			s.config.Deny = func(spec.Document, spec.Platform) []string { return []string{"one", "two"} }
		}, "one; two"},
		"the platform cannot be read": {func(s *stage, _ *spec.Document) {
			s.config.Platform = func() (spec.Platform, error) { return spec.Platform{}, wrong }
		}, "reading the platform: wrong"},
		"a rule does not compile": {func(_ *stage, d *spec.Document) { d.Triggers = []spec.Rule{{Expr: "laod > 1.0"}} }, "load"},
		"there are no such books": {func(s *stage, _ *spec.Document) {
			s.config.Books = func(spec.Platform, string, spec.ExperimentID) (conduct.Books, error) { return nil, wrong }
		}, `finding the books "trades": wrong`},
		"the books cannot be opened": {func(s *stage, _ *spec.Document) { s.books.closed = wrong }, "opening the books: wrong"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				d := play()
				c.change(s, &d)
				s.ask("1", commands.Schedule{Document: d})
				s.start()
				x := s.until(over)
				s.end()
				assert.Equal(t, experiment.Denied, x.Phase)
				require.Len(t, x.Reasons, 1)
				assert.Contains(t, x.Reasons[0], c.why)
				assert.Equal(t, []string{"led/denied"}, s.order())
				assert.Empty(t, s.ticks)
			})
		})
	}
}

// broken is a clock that cannot watch what it is asked to.
type broken struct{}

func (broken) Watch(context.Context, conduct.Watch, func(events.Tick)) error {
	return errors.New("no such metric")
}

func TestWhatCannotBeJudgedIsAborted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.config.Clock = broken{}
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		x := s.until(over)
		s.end()
		assert.Equal(t, experiment.Aborted, x.Phase)
		assert.Equal(t, []string{"aborted before injection: it cannot be judged: no such metric"}, x.Reasons)
	})
}

func TestALifeThatCannotReadBackItsTicksUndoesTheFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(in(experiment.Injected))
		s.end()
		s.config.Replay = func(context.Context, spec.ExperimentID) ([]events.Tick, error) { return nil, isAway() }
		s.start()
		x := s.until(over)
		s.end()
		assert.Equal(t, experiment.Aborted, x.Phase)
		assert.Equal(t, experiment.Gone, x.Steps[0].Phase)
	})
}

func TestATriggerRollsBack(t *testing.T) {
	for name, hang := range map[string]bool{"": false, "while the table does not answer": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.books.hang = hang
				s.reading = func(x experiment.State) map[string]float64 {
					v := usual(x)
					if x.Phase == experiment.Injected && time.Since(x.Injected) > 5*time.Second {
						v["availability"] = 0.4
					}
					return v
				}
				s.ask("1", commands.Schedule{Document: play()})
				s.start()
				injected := s.until(in(experiment.Injected)).Injected
				x := s.until(over)
				s.end()
				s.replaysTheSame()
				assert.Equal(t, events.Refuted, x.Verdict)
				require.NotNil(t, x.Trigger)
				assert.Equal(t, 6*time.Second, x.Trigger.ReadAt.Sub(injected).Round(time.Second), "at the beat that shows it")
			})
		})
	}
}

func TestAbortEndsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.ask("1", commands.Schedule{Document: play()})
		s.start()
		s.until(in(experiment.Injected))
		s.ask("2", commands.Abort{Reason: "enough"})
		s.until(over)
		pause.For(t.Context(), time.Minute)
		before, _ := s.replay(t.Context(), led)
		pause.For(t.Context(), time.Minute)
		s.end()
		assert.Len(t, s.ticks, len(before))
		s.contiguous(0)
	})
}

// TestALostEntryLeavesTheBooksOpen: a loss by the fault could not be told from
// one by the system.
func TestALostEntryLeavesTheBooksOpen(t *testing.T) {
	for name, c := range map[string]struct {
		truth *events.GroundTruth
		want  events.Verdict
	}{
		"all is there": {&events.GroundTruth{Receipts: 1, Written: 3, Entries: 3, Complete: true}, events.Upheld},
		"one is lost":  {&events.GroundTruth{Receipts: 1, Written: 3, Entries: 2, Why: "receipt r has 2 entries of 3"}, events.Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.truth = c.truth
				doc := play()
				doc.Hypothesis.Tolerates = &spec.Loss{}
				s.ask("1", commands.Schedule{Document: doc})
				s.start()
				x := s.until(over)
				s.end()
				assert.Equal(t, c.want, x.Verdict, x.Reasons)
				assert.Equal(t, c.truth, x.Books.Truth)
				assert.Equal(t, c.truth.Complete, x.Books.Balanced)
				assert.Equal(t, c.truth.Why, x.Books.Why)
			})
		})
	}
}
