package faultstest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
)

// The environment of another process, which runs the same test of the same
// binary and so has the same driver.
const (
	otherRole    = "FAULTLINE_OTHER_ROLE"
	otherReceipt = "FAULTLINE_OTHER_RECEIPT"
	otherLedger  = "FAULTLINE_OTHER_LEDGER"
)

// What the other process does.
const (
	undoes       = "undoes"
	freezesFirst = "freezes before it looks"
	freezesLate  = "freezes after it looked"
)

// other is Run in the other process.
func other(t *testing.T, s Suite, role string) {
	t.Helper()
	var r faults.Receipt
	if err := json.Unmarshal([]byte(os.Getenv(otherReceipt)), &r); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(os.Getenv(otherLedger))
	if err != nil {
		t.Fatal(err)
	}
	d := s.New()
	if role == undoes {
		if _, err := l.Undo(t.Context(), r.ID, "abort", role, d.Rollback); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := l.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if role == freezesLate {
		d = frozen{d}
	} else if err := freeze(); err != nil {
		t.Fatal(err)
	}
	if err := l.Inject(t.Context(), d, r); !errors.Is(err, ledger.ErrBuried) {
		t.Errorf("it was undone meanwhile, and the injection says %v; want ErrBuried", err)
	}
}

// frozen stands still just before it breaks its target.
type frozen struct{ faults.Driver }

func (f frozen) Inject(ctx context.Context, r faults.Receipt) error {
	if err := freeze(); err != nil {
		return err
	}
	return f.Driver.Inject(ctx, r)
}

// freeze returns once somebody has this process go on. The signal stops it a
// little after Kill has returned: what it did meanwhile, such as taking a lock,
// would be done by a process that should stand still.
func freeze() error {
	on := make(chan os.Signal, 1)
	signal.Notify(on, syscall.SIGCONT)
	defer signal.Stop(on)
	if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
		return err
	}
	<-on
	return nil
}

// other gives the command of another process.
func (r run) other(role, dir string, receipt faults.Receipt) *exec.Cmd {
	r.t.Helper()
	raw, err := json.Marshal(receipt)
	r.must("encode", err)
	name := "^" + strings.ReplaceAll(r.suite.test, "/", "$/^") + "$"
	cmd := exec.CommandContext(r.ctx, os.Args[0], "-test.run", name) //nolint:gosec // the test itself
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", otherRole+"="+role, otherReceipt+"="+string(raw), otherLedger+"="+dir)
	cmd.Dir = r.t.TempDir()
	return cmd
}

func (r run) ledger() (*ledger.Ledger, string) {
	r.t.Helper()
	dir := r.t.TempDir()
	l, err := ledger.Open(dir)
	r.must("open the ledger", err)
	return l, dir
}

func secondProcess(r run) {
	l, dir := r.ledger()
	receipt := r.plan()
	r.must("put", l.Put(r.ctx, receipt))
	r.must("inject", l.Inject(r.ctx, r.driver, receipt))
	r.expect(receipt, faults.Present)
	if out, err := r.other(undoes, dir, receipt).CombinedOutput(); err != nil {
		r.t.Fatalf("the second process: %v\n%s", err, out)
	}
	if got, ok, err := l.Tombstone(receipt.ID); err != nil || !ok || got.By != undoes {
		r.t.Errorf("the tombstone is %+v, %v, %v", got, ok, err)
	}
	r.expect(receipt, faults.Absent)
}

func frozenBefore(r run) { r.frozen(freezesFirst) }

func frozenAfter(r run) { r.frozen(freezesLate) }

// frozen: an agent that stands still between its receipt and its fault is
// undone by another; when it goes on it finds the tombstone and leaves nothing.
func (r run) frozen(role string) {
	r.t.Helper()
	l, dir := r.ledger()
	receipt := r.plan()
	cmd := r.other(role, dir, receipt)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	r.must("start an agent", cmd.Start())
	agent, err := process.Record{Name: "agent", PID: cmd.Process.Pid}.Identified()
	r.must("find the agent", err)
	until(r.t, "the agent is frozen", func() bool { return agent.State() == process.Paused })
	_, err = l.Undo(r.ctx, receipt.ID, "lease", "another", r.suite.New().Rollback)
	r.must("undo for it", err)
	r.must("let it go on", process.Signal(agent, syscall.SIGCONT))
	if err := cmd.Wait(); err != nil {
		r.t.Fatalf("the agent: %v\n%s", err, out.String())
	}
	r.expect(receipt, faults.Absent)
}

// noGoroutine ends the target, too: while it runs somebody waits for its end.
func noGoroutine(r run) {
	before := goleak.IgnoreCurrent()
	receipt := r.plan()
	r.must("inject", r.driver.Inject(r.ctx, receipt))
	r.must("roll back", r.driver.Rollback(r.ctx, receipt))
	r.expect(receipt, faults.Absent)
	r.target.Vanish(r.t)
	left := goleak.Find(before)
	for deadline := time.Now().Add(20 * time.Second); left != nil && time.Now().Before(deadline); {
		left = goleak.Find(before) // which waits a second itself
	}
	r.must("leave no goroutine", left)
	if r.suite.Lasts {
		r.target.Start(r.t) // who cleans up after the test asks it
	}
}
