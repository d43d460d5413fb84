package ledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/k2-platform/faultline/ledger"
)

func halt(t *testing.T, l *ledger.Ledger, id, experiment string) {
	t.Helper()
	if err := l.Halt(t.Context(), ledger.Halt{ID: id, Experiment: experiment, By: "me", Why: "smoke"}); err != nil {
		t.Fatal(err)
	}
}

func TestAHaltBarsAndLasts(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	other := receipt("b")
	other.Experiment = "other"
	halt(t, l, "1", "e")
	halt(t, l, "2", "e") // changes nothing
	again := open(t, dir)
	if h, ok := again.Halted("e"); !ok || h.ID != "1" || h.At.IsZero() {
		t.Errorf("got %+v, %v", h, ok)
	}
	if err := again.Put(t.Context(), receipt("a")); !errors.Is(err, ledger.ErrHalted) || errors.Is(err, ledger.ErrUnwritable) {
		t.Errorf("got %v, want ErrHalted alone", err)
	}
	if err := again.Put(t.Context(), other); err != nil {
		t.Error(err)
	}
	halt(t, l, "3", "")
	if h, ok := l.Halted("other"); !ok || h.ID != "3" {
		t.Errorf("got %+v, %v", h, ok)
	}
	if err := l.Stands(t.Context(), other); !errors.Is(err, ledger.ErrHalted) {
		t.Errorf("got %v, want ErrHalted", err)
	}
	if err := l.Resume(t.Context(), "3"); err != nil {
		t.Error(err)
	}
	if _, ok := l.Halted("e"); !ok {
		t.Error("a halted experiment was resumed")
	}
}

func TestAResumeLiftsItsOwnHaltOnly(t *testing.T) {
	l := open(t, t.TempDir())
	if err := l.Resume(t.Context(), "1"); !errors.Is(err, ledger.ErrNotLatched) {
		t.Errorf("got %v, want ErrNotLatched", err)
	}
	halt(t, l, "1", "")
	halt(t, l, "2", "")
	if err := l.Resume(t.Context(), "1"); !errors.Is(err, ledger.ErrOtherLatch) {
		t.Errorf("got %v, want ErrOtherLatch", err)
	}
	if err := l.Resume(t.Context(), "2"); err != nil {
		t.Error(err)
	}
	if h, ok := l.Latched(); ok {
		t.Errorf("still latched: %+v", h)
	}
	if err := l.Resume(t.Context(), "2"); !errors.Is(err, ledger.ErrNotLatched) {
		t.Errorf("got %v, want ErrNotLatched", err)
	}
}

func TestAHaltThatCannotBeReadHolds(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	halt(t, l, "1", "e")
	path := filepath.Join(dir, "halts", "id-e")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		if err := os.WriteFile(path, raw[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if h, ok := l.Halted("e"); !ok || h.ID != ledger.Unreadable {
			t.Fatalf("cut at %d: %+v, %v", n, h, ok)
		}
	}
	halt(t, l, "2", "e")
	if h, ok := l.Halted("e"); !ok || h.ID != "2" {
		t.Errorf("got %+v, %v", h, ok)
	}
}

func TestAHaltFileIsTheSameHaltForAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), ledger.HaltFileName)
	if h, ok := ledger.HaltFile(path); ok {
		t.Errorf("no file is a halt: %+v", h)
	}
	if err := os.WriteFile(path, []byte("smoke in hall 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, ok := ledger.HaltFile(path)
	b, _ := ledger.HaltFile(path)
	if !ok || a != b || a.ID == "" || a.Why != "smoke in hall 3" {
		t.Errorf("got %+v and %+v, %v", a, b, ok)
	}
	if _, ok := ledger.HaltFile(filepath.Join(path, "below a file")); !ok {
		t.Error("what cannot be looked at is no halt")
	}
}
