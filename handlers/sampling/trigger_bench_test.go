package sampling_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/handlers/sampling"
	"github.com/k2-platform/faultline/spec"
)

// crossing is a source whose first answer is held back, and crosses.
type crossing struct {
	asked, answer chan struct{}
	read          time.Time
}

func (c *crossing) Inspect(ctx context.Context, _, name string) (rows, snapshot int64, at time.Time, ok bool, err error) {
	if name != "a" {
		return 1, 1, time.Now(), true, nil
	}
	select {
	case c.asked <- struct{}{}:
	case <-ctx.Done():
		return 0, 0, time.Time{}, false, ctx.Err()
	}
	<-c.answer
	c.read = time.Now()
	return 9, 1, c.read, true, nil
}

// BenchmarkTriggerToUndo is the time from a reading that crosses a rollback
// trigger, one of a hundred metrics, until the agents are told to undo.
func BenchmarkTriggerToUndo(b *testing.B) {
	var took []time.Duration
	for b.Loop() {
		took = append(took, triggerToUndo(b))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
	b.ReportMetric(0, "ns/op") // that of a whole experiment says nothing
}

func triggerToUndo(b *testing.B) time.Duration {
	b.Helper()
	log := &handlers.Log{}
	platform := spec.Platform{Metrics: map[string]spec.Metric{"a": rowsOf("a")}}
	doc := spec.Document{
		Hypothesis: spec.Hypothesis{SteadyState: []spec.Rule{{Expr: "a < 5.0"}}},
		Triggers:   []spec.Rule{{Expr: "a > 5.0"}}, Steps: []spec.Step{{ID: "s"}},
		Baseline: spec.Baseline{Duration: spec.Duration(10 * time.Second), Every: spec.Duration(time.Second)},
	}
	normal := map[string]events.Distribution{"a": {N: 1}}
	for i := range 99 {
		name := fmt.Sprint("other", i)
		platform.Metrics[name], normal[name] = rowsOf(name), events.Distribution{N: 1}
		doc.Hypothesis.SteadyState = append(doc.Hypothesis.SteadyState, spec.Rule{Expr: name + " < 5.0"})
	}
	for i, c := range []commands.Command{
		commands.Schedule{Document: doc},
		commands.BeginBaseline{},
		commands.CompleteBaseline{Windows: 1, Metrics: normal},
		commands.ReportInjected{Step: "s", SeenAt: time.Now()},
	} {
		e := commands.Envelope{ID: fmt.Sprint(i), Experiment: "x", At: time.Now(), Command: c}
		out, err := experiment.Decide(log.State("x"), e)
		require.NoError(b, err)
		log.Apply(events.Batch{Experiment: "x", Version: uint64(i + 1), Cause: e.ID, At: e.At, Events: out}, handlers.Place{})
	}
	source, undone := &crossing{asked: make(chan struct{}), answer: make(chan struct{})}, make(chan time.Time, 1)
	c := conduct.New(conduct.Config{
		Name: "conductor", Log: log, Ahead: &handlers.Ahead{Log: log}, Problems: quiet(), Clock: sampling.NewPool(source, quiet()),
		Platform: func() (spec.Platform, error) { return platform, nil },
		Keep:     func(context.Context, commands.Envelope) error { return nil },
		Undo:     func(spec.ExperimentID, string) { undone <- time.Now() },
		Record:   func(context.Context, events.Tick) error { return nil },
		Replay:   func(context.Context, spec.ExperimentID) ([]events.Tick, error) { return nil, nil },
	})
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	c.Notice(log.State("x"))
	go func() { done <- c.Run(ctx) }()
	<-source.asked
	time.Sleep(5 * time.Millisecond) // the others' first readings have come
	runtime.GC()                     // of a hundred rules that were compiled just now
	close(source.answer)
	at := <-undone
	stop()
	require.NoError(b, <-done)
	return at.Sub(source.read)
}

func rowsOf(name string) spec.Metric {
	return spec.Metric{Table: &spec.TableSource{Namespace: "n", Name: name, Measure: "rows"}}
}
