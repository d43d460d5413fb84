// Package faultstest holds the promises of a fault driver as a suite that
// every driver passes, on real processes: as a process, or as what a process
// serves, such as a proxy. It tests no driver's own parameters.
package faultstest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// Suite says which driver is tested, and how.
type Suite struct {
	Fault spec.Fault           // Kind and With; the target is filled in
	New   func() faults.Driver // a new value each time, as another process has
	// As is that of TargetConfig; nil: the targets are processes.
	As func(dir string) spec.Target
	// Lasts says that what is broken outlives the process that serves it, as a
	// topic's settings outlive their brokers: while the target is gone nobody can
	// undo the fault, or say that it is not there.
	Lasts bool

	test string // that called Run, for another process to run it too
}

// Run runs the suite. The package's TestMain must be Main.
func Run(t *testing.T, s Suite) {
	t.Helper()
	if role := os.Getenv(otherRole); role != "" {
		other(t, s, role)
		return
	}
	s.Fault.Target, s.test = Name, t.Name()
	how := map[string]TargetConfig{"record": {}, "pid file": {PIDFile: true}, "match": {Match: true}, "no health": {Bare: true}}
	if s.As != nil {
		how = map[string]TargetConfig{"served": {As: s.As}} // how its process is found is nothing to the driver
	}
	for how, c := range how {
		t.Run(how, func(t *testing.T) {
			for name, test := range map[string]func(run){
				"a second driver undoes": secondDriver, "the target vanishes": vanishes, "it vanishes first": vanishesFirst,
				"the context ended": contextEnded, "the context ends midway": contextEndsMidway,
				"two faults on one target": twoFaults, "two roll back at once": twoUndo,
				"a second process undoes": secondProcess, "frozen before it looked": frozenBefore, "frozen after it looked": frozenAfter,
				"no goroutine is left": noGoroutine, "a stranger is left alone": stranger, "what was not seen is no answer": noReceipt,
			} {
				t.Run(name, func(t *testing.T) { test(s.run(t, c)) })
			}
			steps(t, s, c)
		})
	}
}

func steps(t *testing.T, s Suite, c TargetConfig) {
	t.Helper()
	for name, step := range map[string]struct {
		do   string // p plan, i inject, r rollback
		want faults.Presence
	}{
		"plan touches nothing":         {"p", faults.Absent},
		"inject breaks":                {"pi", faults.Present},
		"inject twice is once":         {"pii", faults.Present},
		"rollback without inject":      {"pr", faults.Absent},
		"rollback mends":               {"pir", faults.Absent},
		"one rollback for two injects": {"piir", faults.Absent},
		"rollback twice is once":       {"pirr", faults.Absent},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.run(t, c)
			var receipt faults.Receipt
			for _, do := range step.do {
				switch do {
				case 'p':
					receipt = r.plan()
				case 'i':
					r.must("inject", r.driver.Inject(r.ctx, receipt))
				case 'r':
					r.must("roll back", r.driver.Rollback(r.ctx, receipt))
				}
			}
			r.expect(receipt, step.want)
		})
	}
}

// run is one test's driver and target.
type run struct {
	t      *testing.T
	ctx    context.Context //nolint:containedctx // lives as long as one test
	suite  Suite
	driver faults.Driver
	target *Target
}

func (s Suite) run(t *testing.T, c TargetConfig) run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return run{t, ctx, s, s.New(), NewTarget(t, c)}
}

func (r run) must(what string, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

// plan gives the receipt as another process would read it from disk. What a
// failed test leaves broken is mended.
func (r run) plan() faults.Receipt {
	r.t.Helper()
	receipt, err := r.driver.Plan(r.ctx, r.suite.Fault, r.target.Spec)
	r.must("plan", err)
	if receipt.Kind != r.suite.Fault.Kind || receipt.Target != string(Name) || receipt.BootID == "" || len(receipt.Undo) == 0 {
		r.t.Fatalf("the receipt lacks something: %+v", receipt)
	}
	receipt.ID = "test/" + rand.Text() // each plan is a step of its own
	receipt.Experiment, receipt.Step, receipt.Expires = "test", receipt.ID, ledger.Boottime()+time.Minute
	raw, err := json.Marshal(receipt)
	r.must("encode", err)
	var again faults.Receipt
	r.must("decode", json.Unmarshal(raw, &again))
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.suite.New().Rollback(ctx, again); err != nil {
			r.t.Errorf("rolling back after the test: %v", err)
		}
	})
	return again
}

// expect looks at once: Inject and Rollback return when Probe confirms them.
// Where the fault is absent one healthy process is there, and stays.
func (r run) expect(receipt faults.Receipt, want faults.Presence) {
	r.t.Helper()
	got, err := r.suite.New().Probe(r.ctx, receipt)
	r.must("probe", err)
	if got != want {
		r.t.Fatalf("the fault is %s, want %s", got, want)
	}
	if want == faults.Absent {
		r.whole()
	}
}

func (r run) whole() {
	r.t.Helper()
	until(r.t, "the target is healthy", r.target.Healthy)
	for deadline := time.Now().Add(50 * time.Millisecond); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		if all := r.target.Processes(r.t); len(all) != 1 {
			r.t.Fatalf("%d processes of the target run, want 1", len(all))
		}
	}
}

func secondDriver(r run) {
	receipt := r.plan()
	r.must("inject", r.driver.Inject(r.ctx, receipt))
	r.must("roll back", r.suite.New().Rollback(r.ctx, receipt))
	r.expect(receipt, faults.Absent)
}

// vanishes and vanishesFirst: rollback succeeds, and the fault is not there.
// Whether the target comes back is the fault's affair.
func vanishes(r run) {
	receipt := r.plan()
	r.must("inject", r.driver.Inject(r.ctx, receipt))
	r.target.Vanish(r.t)
	if r.suite.Lasts {
		r.outlives(receipt, faults.Present)
		return
	}
	r.gone(receipt)
}

func vanishesFirst(r run) {
	receipt := r.plan()
	r.target.Vanish(r.t)
	if r.suite.Lasts {
		r.outlives(receipt, faults.Absent)
		return
	}
	r.gone(receipt)
}

// outlives: nobody claims to have undone what nobody can reach; once the
// target is back the fault is as it was, and is undone.
func (r run) outlives(receipt faults.Receipt, was faults.Presence) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, 2*time.Second)
	defer cancel()
	if got, err := r.suite.New().Probe(ctx, receipt); err == nil || got != faults.Unseen {
		r.t.Errorf("the fault on a target that is gone is %s, %v; want unseen and an error", got, err)
	}
	if err := r.driver.Rollback(ctx, receipt); err == nil {
		r.t.Error("what nobody can reach was rolled back")
	}
	r.target.Start(r.t)
	r.expect(receipt, was)
	r.must("roll back", r.driver.Rollback(r.ctx, receipt))
	r.expect(receipt, faults.Absent)
}

func (r run) gone(receipt faults.Receipt) {
	r.t.Helper()
	r.must("roll back", r.driver.Rollback(r.ctx, receipt))
	if got, err := r.driver.Probe(r.ctx, receipt); err != nil || got != faults.Absent {
		r.t.Fatalf("the fault is %s, %v; want absent", got, err)
	}
}

func contextEnded(r run) {
	receipt := r.plan()
	ctx, cancel := context.WithCancel(r.ctx)
	cancel()
	if err := r.driver.Inject(ctx, receipt); err == nil {
		r.t.Error("it was injected after its context had ended")
	}
	r.expect(receipt, faults.Absent)
	r.must("inject", r.driver.Inject(r.ctx, receipt))
	_ = r.driver.Rollback(ctx, receipt) // may do it or not, but must come back
	r.must("roll back", r.driver.Rollback(r.ctx, receipt))
	r.expect(receipt, faults.Absent)
}

func contextEndsMidway(r run) {
	for _, after := range []time.Duration{100 * time.Microsecond, time.Millisecond, 3 * time.Millisecond, 8 * time.Millisecond} {
		receipt := r.plan()
		ctx, cancel := context.WithTimeout(r.ctx, after)
		_ = r.driver.Inject(ctx, receipt) // whatever came of it
		cancel()
		r.must("roll back", r.driver.Rollback(r.ctx, receipt))
		r.expect(receipt, faults.Absent)
	}
}

func twoFaults(r run) {
	first, second := r.plan(), r.plan()
	r.must("inject the first", r.driver.Inject(r.ctx, first))
	r.must("inject the second", r.driver.Inject(r.ctx, second))
	r.expect(second, faults.Present)
	r.must("roll back the second", r.driver.Rollback(r.ctx, second))
	r.must("roll back the first", r.driver.Rollback(r.ctx, first))
	r.expect(second, faults.Absent)
	r.expect(first, faults.Absent)
}

func twoUndo(r run) {
	receipt := r.plan()
	r.must("inject", r.driver.Inject(r.ctx, receipt))
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			if err := r.suite.New().Rollback(r.ctx, receipt); err != nil {
				r.t.Errorf("roll back: %v", err)
			}
		})
	}
	wait.Wait()
	r.expect(receipt, faults.Absent)
}

// stranger: the pid now belongs to a process of another start time.
func stranger(r run) {
	receipt := r.plan()
	noted := receipt.Undo["process"]
	if noted == "" {
		return // the fault touches no process; its driver's own tests say what a stranger is to it
	}
	other := strings.Replace(noted, `"start_time":"`, `"start_time":"9`, 1)
	if other == noted {
		r.t.Fatalf("no start time in %s", noted)
	}
	receipt.Undo["process"] = other
	if err := r.driver.Inject(r.ctx, receipt); err == nil {
		r.t.Error("injected into a process that was not planned for")
	}
	r.must("roll back", r.driver.Rollback(r.ctx, receipt))
	r.whole()
	receipt.Undo["process"] = noted // for the cleanup
}

func noReceipt(r run) {
	bad := faults.Receipt{ID: "bad", Kind: r.suite.Fault.Kind, Target: string(Name)}
	if got, err := r.driver.Probe(r.ctx, bad); err == nil || got != faults.Unseen {
		r.t.Errorf("a receipt that tells nothing is %s, %v; want unseen and an error", got, err)
	}
	if err := r.driver.Inject(r.ctx, bad); err == nil {
		r.t.Error("a fault was injected that nobody could undo")
	}
	r.whole()
}
