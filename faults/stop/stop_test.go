package stop_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

func plan(t *testing.T, target *faultstest.Target, with map[string]string) faults.Receipt {
	t.Helper()
	r, err := stop.Driver{}.Plan(t.Context(), spec.Fault{Kind: stop.Kind, Target: faultstest.Name, With: with}, target.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestADeafProcessIsKilledOnlyWhereTheDocumentSaysSo(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{Deaf: time.Minute})
	r := plan(t, target, map[string]string{"grace": "200ms"})
	err := stop.Driver{}.Inject(t.Context(), r)
	if err == nil || !strings.Contains(err.Error(), "escalate") {
		t.Errorf("got %v, want an error that says what to set", err)
	}
	if len(target.Processes(t)) != 1 {
		t.Fatal("the process is gone")
	}
	r = plan(t, target, map[string]string{"grace": "200ms", "escalate": "true"})
	if err := (stop.Driver{}).Inject(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if n := len(target.Processes(t)); n != 0 {
		t.Fatalf("%d processes are left", n)
	}
	if err := (stop.Driver{}).Rollback(t.Context(), r); err != nil || !target.Healthy() {
		t.Fatalf("rolled back: %v, healthy %v", err, target.Healthy())
	}
}

// The injection gave up while the process was on its way out: the rollback
// must not take it for a whole one.
func TestRollbackOutlastsASlowEnd(t *testing.T) {
	for _, bare := range []bool{false, true} {
		target := faultstest.NewTarget(t, faultstest.TargetConfig{Deaf: 400 * time.Millisecond, Bare: bare})
		r := plan(t, target, nil)
		before := target.Processes(t)[0].PID
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := (stop.Driver{}).Inject(ctx, r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
		cancel()
		if err := (stop.Driver{}).Rollback(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		all := target.Processes(t)
		if len(all) != 1 || all[0].PID == before {
			t.Errorf("bare %v: %+v runs, want one process other than %d", bare, all, before)
		}
		left, err := filepath.Glob(filepath.Join(filepath.Dir(target.Spec.Process.Record), ".faultline*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

func TestRollbackLeavesATargetThatSomebodyElseStarted(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	r := plan(t, target, nil)
	if err := (stop.Driver{}).Inject(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	started := target.Start(t)
	if err := (stop.Driver{}).Rollback(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if all := target.Processes(t); len(all) != 1 || all[0].PID != started.PID {
		t.Errorf("%+v run, want pid %d alone", all, started.PID)
	}
}

func TestRollbackWritesThePIDFile(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{PIDFile: true})
	r := plan(t, target, nil)
	if err := (stop.Driver{}).Inject(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := (stop.Driver{}).Rollback(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(target.Spec.Process.PIDFile)
	all := target.Processes(t)
	if err != nil || len(all) != 1 || strings.TrimSpace(string(text)) != strconv.Itoa(all[0].PID) {
		t.Errorf("the pid file says %q, %v; %+v run", text, err, all)
	}
}

func TestAPIDFileOlderThanTheProcessNamesNobody(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{PIDFile: true})
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(target.Spec.Process.PIDFile, old, old); err != nil {
		t.Fatal(err)
	}
	_, err := stop.Driver{}.Plan(t.Context(), spec.Fault{Kind: stop.Kind, Target: faultstest.Name}, target.Spec)
	if !errors.Is(err, faults.ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
}

func TestAPausedProcessIsNotStopped(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	r := plan(t, target, nil)
	child := target.Processes(t)[0]
	if err := process.Signal(child, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for child.State() != process.Paused {
		<-time.After(time.Millisecond)
	}
	if err := (stop.Driver{}).Inject(t.Context(), r); !errors.Is(err, faults.ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
}

func TestRollbackThatCannotStartSaysWhy(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	proc := *target.Spec.Process
	proc.Command = []string{"/nonexistent/program"}
	r, err := stop.Driver{}.Plan(t.Context(), spec.Fault{Kind: stop.Kind, Target: faultstest.Name}, spec.Target{Process: &proc})
	if err != nil {
		t.Fatal(err)
	}
	if err := (stop.Driver{}).Inject(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := (stop.Driver{}).Rollback(ctx, r); !errors.Is(err, os.ErrNotExist) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the reason and the end of the context", err)
	}
}

func TestPlanRefuses(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	for name, c := range map[string]struct {
		with   map[string]string
		target spec.Target
	}{
		"unknown parameter": {map[string]string{"grase": "1s"}, target.Spec},
		"bad grace":         {map[string]string{"grace": "10"}, target.Spec},
		"bad escalate":      {map[string]string{"escalate": "yes"}, target.Spec},
		"group":             {nil, spec.Target{Members: []spec.TargetName{"a"}}},
		"no process":        {nil, spec.Target{}},
		"not running":       {nil, spec.Target{Process: &spec.Process{Record: filepath.Join(t.TempDir(), "none.json")}}},
		"both ways":         {nil, spec.Target{Process: &spec.Process{Record: "a", PIDFile: "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := stop.Driver{}.Plan(t.Context(), spec.Fault{Kind: stop.Kind, Target: faultstest.Name, With: c.with}, c.target)
			if !errors.Is(err, faults.ErrRefused) {
				t.Errorf("got %v, want ErrRefused", err)
			}
		})
	}
}
