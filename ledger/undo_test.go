package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/ledger"
)

func nothing(context.Context, faults.Receipt) error { return nil }

func TestUndoLeavesWhoAndWhy(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, "a", "b")
	calls := 0
	for by, wanted := range map[string]int{"me": 1} {
		for range 3 {
			got, err := l.Undo(t.Context(), "a", "deadline", by, func(_ context.Context, r faults.Receipt) error {
				calls++
				if fmt.Sprint(r) != fmt.Sprint(receipt("a")) {
					t.Errorf("got %+v", r)
				}
				return nil
			})
			if err != nil || got.Cause != "deadline" || got.By != "me" || got.At.IsZero() || got.Receipt.Target != "target-a" {
				t.Errorf("got %+v, %v", got, err)
			}
		}
		if calls != wanted {
			t.Errorf("undone %d times", calls)
		}
	}
	s, ok, err := open(t, dir).Tombstone("a")
	if !ok || err != nil || s.By != "me" {
		t.Errorf("got %+v, %v, %v", s, ok, err)
	}
	want(t, live(t, l), "b")
	if _, err := l.Undo(t.Context(), "c", "", "", nothing); !errors.Is(err, ledger.ErrNoReceipt) {
		t.Errorf("got %v, want ErrNoReceipt", err)
	}
}

func TestAFailedUndoKeepsTheReceipt(t *testing.T) {
	l := open(t, t.TempDir())
	put(t, l, "a")
	broken := errors.New("no power")
	_, err := l.Undo(t.Context(), "a", "", "", func(context.Context, faults.Receipt) error { return broken })
	if !errors.Is(err, broken) || l.Buried("a") {
		t.Errorf("got %v, buried %v", err, l.Buried("a"))
	}
	want(t, live(t, l), "a")
}

func TestALongWordIsCutAndTheNoteStands(t *testing.T) {
	l := open(t, t.TempDir())
	put(t, l, "a")
	if _, err := l.Undo(t.Context(), "a", strings.Repeat("\x01", 5000), strings.Repeat("ü", 5000), nothing); err != nil {
		t.Fatal(err)
	}
	if s, ok, err := l.Tombstone("a"); !ok || err != nil || s.At.IsZero() || len(s.By) < 20 {
		t.Errorf("got %+v, %v, %v", s, ok, err)
	}
}

// Who replaces, buries or looks at a receipt waits for the one who undoes it.
func TestWhileItIsUndoneNobodyElseChangesIt(t *testing.T) {
	l := open(t, t.TempDir())
	put(t, l, "a")
	begun, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := l.Undo(t.Context(), "a", "abort", "me", func(context.Context, faults.Receipt) error {
			close(begun)
			<-goOn
			return nil
		})
		done <- err
	}()
	<-begun
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	for name, err := range map[string]error{
		"put": l.Put(short, receipt("a")), "bury": l.Bury(short, "a"), "stands": l.Stands(short, receipt("a")),
	} {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want to have waited in vain", name, err)
		}
	}
	put(t, l, "b") // another receipt is not held up
	later := make(chan error)
	go func() { later <- l.Put(t.Context(), receipt("a")) }()
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := <-later; !errors.Is(err, ledger.ErrBuried) {
		t.Errorf("got %v, want ErrBuried", err)
	}
	if err := l.Stands(t.Context(), receipt("a")); !errors.Is(err, ledger.ErrBuried) {
		t.Errorf("got %v, want ErrBuried", err)
	}
}

func TestForestallIsForThoseWithoutAReceipt(t *testing.T) {
	l := open(t, t.TempDir())
	put(t, l, "a")
	if err := l.Forestall(t.Context(), "a", "halt", "me"); !errors.Is(err, ledger.ErrLive) || l.Buried("a") {
		t.Errorf("got %v, buried %v", err, l.Buried("a"))
	}
	if err := l.Forestall(t.Context(), "b/c", "halt", "me"); err != nil {
		t.Error(err)
	}
	all, err := l.Tombstones()
	if err != nil || len(all) != 1 || all[0].Receipt.ID != "b/c" || all[0].Cause != "halt" {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestForgetKeepsTheYoung(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, "a")
	if _, err := l.Undo(t.Context(), "a", "", "", nothing); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "buried", "id-old")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := l.Forget(time.Hour); err != nil || l.Buried("old") || !l.Buried("a") {
		t.Errorf("%v; old %v, a %v", err, l.Buried("old"), l.Buried("a"))
	}
	if err := l.Forget(-time.Hour); err != nil || l.Buried("a") {
		t.Errorf("%v; a %v", err, l.Buried("a"))
	}
}
