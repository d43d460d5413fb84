package ledger_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/roottest"
	"github.com/k2-platform/faultline/ledger"
)

func TestAFullDiskTakesNoReceiptAndLetsAllBeUndone(t *testing.T) {
	dir := t.TempDir()
	roottest.Disk(t, dir, "512k")
	l := open(t, filepath.Join(dir, "ledger"))
	put(t, l, "a", "b")
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(f, endless{})
	if err = errors.Join(err, f.Close()); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if err := l.Put(t.Context(), receipt("c")); !errors.Is(err, ledger.ErrUnwritable) || !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v, want ErrUnwritable for want of room", err)
	}
	l = open(t, filepath.Join(dir, "ledger"))
	want(t, live(t, l), "b", "a")
	for _, id := range []string{"a", "b"} {
		if _, err := l.Undo(t.Context(), id, "deadline", "me", nothing); err != nil {
			t.Error(err)
		}
		if s, ok, err := l.Tombstone(id); !ok || err != nil || s.By != "me" {
			t.Errorf("%+v, %v, %v: the receipt brought the room for it", s, ok, err)
		}
	}
	if err := l.Bury(t.Context(), "never seen"); err != nil || !l.Buried("never seen") {
		t.Errorf("buried %v, %v", l.Buried("never seen"), err)
	}
	if err := l.Halt(t.Context(), ledger.Halt{ID: "h"}); err != nil {
		t.Error(err)
	}
	if _, ok := l.Latched(); !ok {
		t.Error("a full disk keeps the halt out")
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAReadOnlyDiskTakesNothing(t *testing.T) {
	dir := t.TempDir()
	roottest.Disk(t, dir, "512k")
	l := open(t, dir)
	put(t, l, "a")
	remount := func(flags uintptr) {
		if err := unix.Mount("faultline", dir, "tmpfs", unix.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(unix.MS_RDONLY)
	defer remount(0)
	l = open(t, dir)
	if err := l.Put(t.Context(), receipt("b")); !errors.Is(err, ledger.ErrUnwritable) || !errors.Is(err, unix.EROFS) {
		t.Errorf("got %v, want ErrUnwritable", err)
	}
	want(t, live(t, l), "a")
	s, err := l.Undo(t.Context(), "a", "deadline", "me", nothing)
	if !errors.Is(err, ledger.ErrUnwritable) || s.Receipt.ID != "a" {
		t.Errorf("got %+v, %v; want ErrUnwritable, and the fault undone", s, err)
	}
	remount(0)
	if _, err := l.Undo(t.Context(), "a", "deadline", "me", nothing); err != nil {
		t.Error(err)
	}
	want(t, live(t, l))
}
