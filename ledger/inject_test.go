package ledger_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/ledger"
)

// file is a fault that is a file. Its injection tells that it has arrived,
// waits until it may begin, and tells that it is done.
type file struct {
	faults.Driver
	path                 string
	arrived, begin, done chan struct{}
}

func newFile(dir string) file {
	return file{
		path: filepath.Join(dir, "fault"), arrived: make(chan struct{}), begin: make(chan struct{}), done: make(chan struct{}),
	}
}

func (f file) Inject(context.Context, faults.Receipt) error {
	close(f.arrived)
	<-f.begin
	defer close(f.done)
	return os.WriteFile(f.path, nil, 0o600)
}

func (f file) Rollback(context.Context, faults.Receipt) error {
	if err := os.Remove(f.path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (f file) there() bool {
	_, err := os.Stat(f.path)
	return err == nil
}

// One rolls back, the other injects and looks for a tombstone, the first
// buries: to look for a tombstone alone would leave a fault without a receipt.
func TestAnInjectionBetweenRollbackAndBurialLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	l := open(t, filepath.Join(dir, "ledger"))
	put(t, l, "a")
	f := newFile(dir)
	injected := make(chan error)
	go func() { injected <- l.Inject(t.Context(), f, receipt("a")) }()
	<-f.arrived
	_, err := l.Undo(t.Context(), "a", "abort", "me", func(ctx context.Context, r faults.Receipt) error {
		err := f.Rollback(ctx, r)
		close(f.begin)
		<-f.done
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := <-injected; !errors.Is(err, ledger.ErrBuried) || f.there() {
		t.Errorf("got %v; the fault is there: %v", err, f.there())
	}
}

func TestAHaltMeanwhileIsToldAndLeftToUndo(t *testing.T) {
	dir := t.TempDir()
	l := open(t, filepath.Join(dir, "ledger"))
	put(t, l, "a")
	f := newFile(dir)
	injected := make(chan error)
	go func() { injected <- l.Inject(t.Context(), f, receipt("a")) }()
	<-f.arrived
	halt(t, l, "1", "e")
	close(f.begin)
	if err := <-injected; !errors.Is(err, ledger.ErrHalted) {
		t.Errorf("got %v, want ErrHalted", err)
	}
	if _, err := l.Undo(t.Context(), "a", "halt", "me", f.Rollback); err != nil || f.there() {
		t.Errorf("%v; the fault is there: %v", err, f.there())
	}
	if err := l.Inject(t.Context(), f, receipt("a")); !errors.Is(err, ledger.ErrBuried) {
		t.Errorf("got %v, want ErrBuried", err)
	}
}

// A writer that was frozen holds its lock: who opens must not wait for it.
func TestOpenWaitsForNobody(t *testing.T) {
	dir := t.TempDir()
	put(t, open(t, dir), "a")
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // it was only locked
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir)
	want(t, live(t, l), "a")
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := l.Put(ctx, receipt("b")); !errors.Is(err, ledger.ErrUnwritable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want ErrUnwritable", err)
	}
}
