package judging_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers/judging"
	"github.com/k2-platform/faultline/spec"
)

// live is a trial that was judged tick by tick, by one life of the judge or
// more, with what was due at each tick as bytes.
type live struct {
	*trial
	rapid *rapid.T
	now   float64
	wrong float64  // by how many seconds the agents' clocks are ahead
	out   [][]byte // by tick
}

func play(t *rapid.T) *live {
	doc := document()
	doc.Baseline.Duration = spec.Duration(rapid.IntRange(1, 5).Draw(t, "baseline")) * second
	doc.Triggers = append(doc.Triggers, spec.Rule{Expr: "response_time > 5.0 || availability < 0.5"}, spec.Rule{Expr: "load > 100.0"})
	doc.Hypothesis.Maintains = append(doc.Hypothesis.Maintains, spec.Rule{Expr: "error_rate <= 0.2"}, spec.Rule{Expr: "response_time < 6.0"})
	doc.Steps = append(doc.Steps, spec.Step{ID: "and", For: 3 * second})
	doc.Limits.TriggerGrace = spec.Duration(rapid.IntRange(1, 60).Draw(t, "grace")) * second
	l := &live{trial: newTrial(t, doc), rapid: t, wrong: rapid.SampledFrom([]float64{0, 0, 0, 3, -3, 3600, -3600}).Draw(t, "wrong")}
	for range rapid.IntRange(1, 80).Draw(t, "ticks") {
		switch rapid.IntRange(0, 19).Draw(t, "what") {
		case 0:
			l.crash()
		case 1, 2, 3:
			l.meanwhile()
		case 4:
			l.wrong = -l.wrong // it is set
		}
		l.beatOnce(nil)
	}
	return l
}

// beatOnce judges one tick, and the log takes some of what is due, in order.
func (l *live) beatOnce(gap *events.Gap) {
	l.now += rapid.Float64Range(0.6, 1.4).Draw(l.rapid, "beat")
	if gap != nil {
		l.now += rapid.Float64Range(0, 60).Draw(l.rapid, "away")
		gap.To = at(l.now)
	}
	tick := events.Tick{At: at(l.now), Gap: gap, Readings: l.readings()}
	urgent := l.judge.Urgent(l.state(), tick)
	due := l.judged(tick)
	if urgent {
		require.True(l, slices.ContainsFunc(due, func(d judging.Due) bool { return ends(d) && d.At.Equal(tick.At) }), "urgent, and nothing is due")
	}
	l.out = append(l.out, written(l, due))
	for _, d := range due[:rapid.IntRange(0, len(due)).Draw(l.rapid, "taken")] {
		l.decide(d.ID, d.At, d.Command)
	}
}

// ends says whether something due ends a fault.
func ends(d judging.Due) bool {
	_, fires := d.Command.(commands.Trigger)
	_, end := d.Command.(commands.EndStep)
	return fires || end
}

// readings are well, bad, late or missing, as it comes.
func (l *live) readings() []events.Reading {
	bad := values{"load": 9, "availability": 0.4, "error_rate": 0.3, "response_time": 7, "healthy.api": 0}
	var out []events.Reading
	for _, r := range readings(l.now, but(values{"response_time": 1})) {
		among := 15
		if l.state().Phase == experiment.Baselining {
			among = 150 // a baseline that is not steady ends all there is to see
		}
		switch rapid.IntRange(0, among).Draw(l.rapid, r.Metric) {
		case 0:
			continue
		case 1:
			r.Value = bad[r.Metric]
		case 2:
			r.At = at(l.now - rapid.Float64Range(0, 5).Draw(l.rapid, "late"))
		}
		out = append(out, r)
	}
	return out
}

// meanwhile is what others send: agents that do as they are asked, and people.
func (l *live) meanwhile() {
	s := l.state()
	for _, id := range s.Requests() {
		l.do(l.now, commands.ReportInjected{Step: id, SeenAt: at(l.now - 0.1 + l.wrong)})
	}
	for _, id := range s.Undoings() {
		l.do(l.now, commands.ReportRolledBack{Step: id, Cause: events.Planned, SeenAt: at(l.now - 0.1 + l.wrong)})
	}
	switch rapid.IntRange(0, 9).Draw(l.rapid, "else") {
	case 0:
		l.do(l.now, commands.Note{Kind: events.Finding, Text: "n"})
	case 1:
		if s.Phase == experiment.Recovering {
			l.do(l.now, commands.CloseBooks{BooksClosed: events.BooksClosed{Balanced: true, LossFraction: 0.1}})
		}
	}
}

// crash loses the judge and some ticks that were not stored yet. A new one
// reads back the others and says what is missing.
func (l *live) crash() {
	kept := rapid.IntRange(0, len(l.ticks)).Draw(l.rapid, "stored")
	l.ticks, l.out = l.ticks[:kept], l.out[:kept]
	l.judge, _ = l.replay()
	gap := &events.Gap{From: l.state().Began, Why: "the pipeline was restarted"}
	if kept > 0 {
		gap.From = l.ticks[kept-1].At
	}
	l.beatOnce(gap)
}

// replay judges what was stored, as it is read from Kafka, by a new judge.
func (l *live) replay() (*judging.Judge, [][]byte) {
	states := []experiment.State{{}}
	for _, b := range l.batches {
		event, err := events.EncodeBatch(b, "")
		require.NoError(l, err)
		read, err := events.DecodeBatch(event)
		require.NoError(l, err)
		states = append(states, experiment.Evolve(states[len(states)-1], read))
	}
	j, err := judging.New(states[1].Document, platform())
	require.NoError(l, err)
	var out [][]byte
	for _, t := range l.ticks {
		event, err := events.EncodeTick(t)
		require.NoError(l, err)
		read, err := events.DecodeTick(event)
		require.NoError(l, err)
		out = append(out, written(l, j.Tick(states[read.Version], read)))
	}
	return j, out
}

func written(t testingT, due []judging.Due) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, d := range due {
		if r, ok := d.Command.(commands.ReportRecovery); ok && r.Recovered {
			require.Positive(t, *r.FromRollback)
			require.GreaterOrEqual(t, *r.FromInjection, *r.FromRollback)
		}
		event, err := commands.Encode(commands.Envelope{ID: d.ID, Experiment: "x", At: d.At, Command: d.Command})
		require.NoError(t, err)
		fmt.Fprintln(&b, event.ID, event.Type, event.Time.Format(time.RFC3339Nano), string(event.Data))
	}
	return b.Bytes()
}

// I9: what was live is what a replay of the record says, byte for byte,
// through whatever crashes the record came about.
func TestReplayedIsLive(t *testing.T) {
	phases := map[experiment.Phase]int{} // of those that came to a fault
	rapid.Check(t, func(t *rapid.T) {
		l := play(t)
		if !l.state().Injected.IsZero() {
			phases[l.state().Phase]++
		}
		for range 2 {
			_, again := l.replay()
			for i := range l.out {
				if !bytes.Equal(l.out[i], again[i]) {
					t.Fatalf("tick %d of %d was\n%sand is, replayed,\n%s", i+1, len(l.out), l.out[i], again[i])
				}
			}
		}
	})
	t.Log("came to a fault, and ended as:", phases)
}

// What was due stays due in the same words, until the log shows it.
func TestDueStaysDueInTheSameWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := play(t)
		j, err := judging.New(l.states[1].Document, platform())
		require.NoError(t, err)
		said := map[string]string{}
		for _, tick := range l.ticks {
			s := l.states[tick.Version]
			due := j.Tick(s, tick)
			if s.Phase.Over() {
				require.Empty(t, due, "nothing is due of what is over")
				continue
			}
			for _, d := range due {
				words := string(written(t, []judging.Due{d}))
				require.False(t, s.Handled(d.ID), "%s is in the log already", d.ID)
				require.False(t, d.At.After(tick.At))
				if before, ok := said[d.ID]; ok {
					require.Equal(t, before, words)
				}
				said[d.ID] = words
			}
			for id := range said {
				open := slices.ContainsFunc(due, func(d judging.Due) bool { return d.ID == id })
				require.Equal(t, !s.Handled(id), open, "%s", id)
			}
			require.True(t, slices.IsSortedFunc(due, func(a, b judging.Due) int { return a.At.Compare(b.At) }))
		}
	})
}
