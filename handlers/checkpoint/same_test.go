package checkpoint

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/experiment/experimenttest"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/notify"
	"github.com/k2-platform/faultline/handlers/telemetry"
	"github.com/k2-platform/faultline/spec"
)

// witness is a lean log with those who listen to the whole of it.
type witness struct {
	log      *handlers.Log
	counters *prometheus.Registry
	told     []notify.Message
}

func newWitness() *witness {
	w := &witness{log: &handlers.Log{Lean: true}, counters: prometheus.NewRegistry()}
	meters := telemetry.New(w.counters)
	w.log.Recall(meters.Recall)
	w.log.Listen(func(a handlers.Accepted) {
		meters.Notice(a)
		w.told = append(w.told, notify.Of(a.Batch, a.State)...)
	})
	return w
}

// news is what may be told after the start: what is young, and what is stuck.
func (w *witness) news() []string {
	var out []string
	for _, m := range w.told {
		if time.Since(m.At) < 10*time.Minute || m.Kind == notify.Stuck && w.log.State(m.Experiment).Phase == experiment.Stuck {
			out = append(out, m.Text)
		}
	}
	slices.Sort(out)
	return out
}

// TestAStartFromACheckpointIsTheSame: wherever in the log the checkpoint
// stands, what comes after leads to what the whole log does, for the states,
// for decisions, for metrics and for notifications.
func TestAStartFromACheckpointIsTheSame(t *testing.T) {
	dir, resumed := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		l := anyLog(t)
		_ = os.Remove(dir + "/checkpoint")
		cut := rapid.IntRange(0, len(l.order)).Draw(t, "cut")
		save(t, l.until(cut), dir)
		if rapid.Bool().Draw(t, "twice") { // a checkpoint of a log that began with one
			cut = rapid.IntRange(cut, len(l.order)).Draw(t, "second cut")
			save(t, l.until(cut), dir)
		}

		whole, part := newWitness(), newWitness()
		l.fold(t, whole.log)
		k, said := keeper(l, dir)
		_, ok := k.Resume(context.Background(), part.log)
		require.Empty(t, said.String())
		require.Equal(t, cut > 0, ok)
		if ok {
			resumed++
		}
		l.fold(t, part.log)

		require.Equal(t, whole.log.All(), part.log.All())
		require.Equal(t, whole.log.Live(), part.log.Live())
		require.Equal(t, whole.log.Next(), part.log.Next())
		require.Equal(t, whole.news(), part.news())
		require.Equal(t, values(t, whole.counters), values(t, part.counters))
		for _, id := range []spec.ExperimentID{"a", "b", "c", "d", "none"} {
			sameDecisions(t, id, whole.log, part.log)
		}
	})
	require.Positive(t, resumed)
}

// values shows metrics without the times at which their counters were made.
func values(t *rapid.T, of *prometheus.Registry) []string {
	families, err := of.Gather()
	require.NoError(t, err)
	require.NotEmpty(t, families)
	var out []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			out = append(out, fmt.Sprint(f.GetName(), m.GetLabel(), m.GetCounter().GetValue(), m.GetGauge().GetValue()))
		}
	}
	return out
}

func sameDecisions(t *rapid.T, id spec.ExperimentID, whole, part *handlers.Log) {
	s := whole.State(id)
	require.Equal(t, s, part.State(id))
	for v := range s.Version + 1 {
		require.Equal(t, whole.StateAt(id, v), part.StateAt(id, v))
	}
	for _, command := range []string{"a/1", "b/7", "fresh"} { // some were handled
		c := commands.Envelope{ID: command, Experiment: id, Command: experimenttest.Command(t, experimenttest.Document(t))}
		want, err := experiment.Decide(s, c)
		require.NoError(t, err)
		got, err := experiment.Decide(part.State(id), c)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
