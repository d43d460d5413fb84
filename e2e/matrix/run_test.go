//go:build failpoint

package matrix_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/faultstest/victim"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/failpoint"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

const (
	id = spec.ExperimentID("run")
	// reachedWithin is how long a run takes to a point; overWithin, after the
	// death, to its end.
	reachedWithin = 60 * time.Second
	overWithin    = 90 * time.Second
	wholeWithin   = 2 * time.Second // for who looks at the target to see what is so already
)

// run is one cell, on a process that is paused.
func run(t *testing.T, c cell) result {
	t.Helper()
	return pausedWorld(t).through(c.point, 0, c.death, byTrigger(c.point))
}

// pausedWorld is one in which a process is paused.
func pausedWorld(t *testing.T) *world {
	t.Helper()
	for _, c := range victim.All() {
		if c.Fault.Kind == pause.Kind {
			f := c.Fault
			f.Target = "one"
			return newWorld(t, watch(t, c.Make(t)), f)
		}
	}
	t.Fatalf("nothing to pause")
	return nil
}

// through schedules one experiment, waits until a process stands at the point,
// lets the death come, then or a little after the process may go on, and says
// what became of it all.
func (w *world) through(p failpoint.Point, later time.Duration, d death, triggered bool) result {
	t := w.t
	t.Helper()
	began := time.Now()
	took := func(what string) { t.Logf("%5.1f s %s", time.Since(began).Seconds(), what) }
	require.NoError(t, os.WriteFile(failpoint.File(w.points, p, "armed"), nil, 0o600))
	b, err := bus.Open(bus.Config{Brokers: []string{w.kafka}}, nil)
	require.NoError(t, err)
	require.NoError(t, w.schedule(b, id, triggered))
	require.NoError(t, b.Close())
	w.await(reachedWithin, "coming to the point", func() bool {
		_, err := os.Stat(failpoint.File(w.points, p, "reached"))
		return err == nil
	})
	took("at the point")
	goOn := func() { require.NoError(t, os.WriteFile(failpoint.File(w.points, p, "go"), nil, 0o600)) }
	if later > 0 {
		goOn()
		time.Sleep(later) // the moment is the test
	}
	inside, at := w.target.isBroken(), time.Now()
	heal := d.strike(w)
	goOn()
	heal()
	s := w.over(id)
	took("over: " + s.Verdict.String() + " " + strings.Join(s.Reasons, "; "))
	w.checkLedger()
	w.endController(id)
	took("the controller ended")
	w.checkTables(map[spec.ExperimentID]experiment.State{id: s})
	w.await(wholeWithin, "the target being as it was", func() bool { return !w.target.isBroken() })
	gone, ok := w.target.goneAfter(at)
	if inside && assert.True(t, ok, "the fault was never seen gone") {
		assert.LessOrEqual(t, gone, d.bound, "the fault was seen gone too late")
	}
	assert.Equal(t, w.target.whole, w.target.looks(), "the target is not as it was")
	assert.LessOrEqual(t, w.target.longest(), maxLife+load, "the fault outlived its life-time")
	return result{gone: gone, inside: inside}
}

func (w *world) schedule(b *bus.Bus, id spec.ExperimentID, triggered bool) error {
	ctx, stop := w.timeout(10 * time.Second)
	defer stop()
	to := handlers.Commands{Publisher: b.Publisher(), Topic: b.Topics().Commands}
	return to.Send(ctx, commands.Envelope{
		ID: "schedule", Experiment: id, At: time.Now().UTC(), By: "matrix", Command: commands.Schedule{Document: experimentOf(w.fault, triggered), IKnow: true},
	})
}

// experimentOf breaks the target for a short while. Its trigger fires at once, or
// never.
func experimentOf(f spec.Fault, triggered bool) spec.Document {
	second := spec.Duration(time.Second)
	trigger := spec.Rule{Name: "never", Expr: "load > 99.0"}
	if triggered {
		trigger = spec.Rule{Name: "at once", Expr: "load > 90.0"}
	}
	return spec.Document{
		Faultline: "v1", Title: "Matrix", System: "one", Environment: "development",
		Hypothesis: spec.Hypothesis{Claim: "it goes on", SteadyState: []spec.Rule{{Expr: "load < 10.0"}}, RecoversWithin: 20 * second},
		Steps:      []spec.Step{{ID: "break", Fault: f, For: spec.Duration(stepLife)}},
		Baseline:   spec.Baseline{Duration: 2 * second, Every: second},
		Triggers:   []spec.Rule{trigger},
		Limits:     spec.Limits{MaxFaultLife: spec.Duration(maxLife), RecoveryTimeout: 20 * second},
	}
}

// over follows the log to the end of the experiment, and says that it has one.
func (w *world) over(id spec.ExperimentID) experiment.State {
	w.t.Helper()
	ctx, stop := w.timeout(overWithin)
	defer stop()
	for {
		s, concluded, err := w.read(ctx, id)
		if err == nil && s.Phase.Over() {
			require.Equal(w.t, 1, concluded, "the log has one verdict")
			return s
		}
		require.NoError(w.t, ctx.Err(), "the experiment is %s after %s: %v", s.Phase, overWithin, s.Reasons)
		time.Sleep(100 * time.Millisecond) // Kafka may be away
	}
}

// read folds the log as it is now, and counts its verdicts.
func (w *world) read(ctx context.Context, id spec.ExperimentID) (s experiment.State, concluded int, err error) {
	b, err := bus.Open(bus.Config{Brokers: []string{w.kafka}}, nil)
	if err != nil {
		return s, 0, err
	}
	defer func() { _ = b.Close() }()
	log := &handlers.Log{}
	log.Listen(func(a handlers.Accepted) {
		for _, e := range a.Batch.Events {
			if _, ok := e.(events.Concluded); ok && a.Batch.Experiment == id {
				concluded++
			}
		}
	})
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	err = handlers.Fold(ctx, b, b.Topics().Events, log, slog.New(slog.DiscardHandler), stop)
	if log.State(id).Version > 0 {
		err = nil
	}
	return log.State(id), concluded, err
}

// endController ends a controller that serves, once the tables have come to
// the verdict: one that died may not be back yet, and one whose Kafka was away
// may still have to find it again.
func (w *world) endController(id spec.ExperimentID) {
	w.t.Helper()
	w.await(60*time.Second, "a controller that serves", func() bool {
		text, err := os.ReadFile(filepath.Join(w.home, "up.yaml"))
		return err == nil && strings.Contains(string(text), fmt.Sprintf("pid: %d\n", w.pid("controller")))
	})
	w.await(60*time.Second, "a row with the verdict", func() bool {
		verdicts, err := w.verdicts()
		return err == nil && verdicts[id] != nil
	})
	w.parts["controller"].end()
}

func (w *world) checkLedger() {
	w.t.Helper()
	w.await(10*time.Second, "an empty ledger", func() bool {
		out, err := exec.CommandContext(w.t.Context(), w.light, "--home", w.agentHome, "ledger", "list").CombinedOutput() //nolint:gosec // this project's own binary
		return err == nil && string(out) != "" && containsNoFault(string(out))
	})
}

// checkTables says that the tables tell what the log tells: one verdict of each
// experiment, and each version once, up to that of its end at least. What an
// agent says after the end, when NATS is back, may come before or after the
// controller ended.
func (w *world) checkTables(want map[spec.ExperimentID]experiment.State) {
	w.t.Helper()
	verdicts, err := w.verdicts()
	require.NoError(w.t, err)
	versions, err := w.versions()
	require.NoError(w.t, err)
	for id, s := range want {
		require.Equal(w.t, []string{s.Verdict.String()}, verdicts[id], "the verdicts of %s", id)
		ctx, stop := w.timeout(overWithin)
		last, concluded, err := w.read(ctx, id)
		stop()
		require.NoError(w.t, err)
		require.Equal(w.t, 1, concluded, "the log has one verdict of %s", id)
		require.GreaterOrEqual(w.t, len(versions[id]), int(s.Version), "every version of %s is in the table", id)
		require.LessOrEqual(w.t, len(versions[id]), int(last.Version), "the table has no version of %s that the log lacks", id)
		for version := range int64(len(versions[id])) { // with none left out
			require.Equal(w.t, 1, versions[id][version+1], "how often version %d of %s stands in the table", version+1, id)
		}
	}
	require.Len(w.t, verdicts, len(want), "experiments with a verdict")
}

// verdicts reads the table of that name.
func (w *world) verdicts() (map[spec.ExperimentID][]string, error) {
	out := map[spec.ExperimentID][]string{}
	return out, w.scan("verdicts", func(id spec.ExperimentID, r lake.Row) {
		verdict, _ := r.Text("verdict")
		out[id] = append(out[id], verdict)
	})
}

// versions counts how often each version stands in the table of events.
func (w *world) versions() (map[spec.ExperimentID]map[int64]int, error) {
	out := map[spec.ExperimentID]map[int64]int{}
	return out, w.scan("events", func(id spec.ExperimentID, r lake.Row) {
		if out[id] == nil {
			out[id] = map[int64]int{}
		}
		version, _ := r.Int("version")
		if index, _ := r.Int("index"); index == 0 {
			out[id][version]++
		}
	})
}

func (w *world) scan(table string, each func(spec.ExperimentID, lake.Row)) error {
	l, err := lake.Open(w.t.Context(), lake.Config{
		Kind: "sql", Name: "faultline", URI: filepath.Join(w.home, "lake", "catalog.db"), Warehouse: filepath.Join(w.home, "lake", "warehouse"),
	})
	if err != nil {
		return err
	}
	err = l.Scan(w.t.Context(), "chaos", table, lake.ScanOptions{}, func(r lake.Row) error {
		id, _ := r.Text("experiment")
		each(spec.ExperimentID(id), r)
		return nil
	})
	return errors.Join(err, l.Close())
}
