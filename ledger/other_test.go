package ledger_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/ledger"
)

const (
	roleKey = "FAULTLINE_LEDGER_ROLE"
	dirKey  = "FAULTLINE_LEDGER_DIR"
)

// roles are what the test binary does as another process.
func roles() map[string]func(dir string) error {
	return map[string]func(string) error{"racer": race, "no room": withoutRoom}
}

func other(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec,noctx // the test itself; its input ends it
	cmd.Env = append(os.Environ(), roleKey+"="+role, dirKey+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// race undoes the receipts that it reads, and tells who was said to have.
func race(dir string) error {
	l, err := ledger.Open(dir)
	if err != nil {
		return err
	}
	me := fmt.Sprint(os.Getpid())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		t, err := l.Undo(context.Background(), in.Text(), "planned", me, func(_ context.Context, r faults.Receipt) error {
			f, err := os.OpenFile(filepath.Join(dir, "undone-"+r.ID), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			_, err = f.WriteString("once\n")
			return errors.Join(err, f.Close())
		})
		if err != nil {
			return err
		}
		fmt.Println(t.By)
	}
	return nil
}

func TestOfTwoProcessesOneUndoes(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	type racer struct {
		tell func(string)
		hear *bufio.Scanner
	}
	var racers []racer
	for range 2 {
		cmd := other(t, "racer", dir)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
				t.Error(err)
			}
		})
		racers = append(racers, racer{func(id string) { _, _ = fmt.Fprintln(in, id) }, bufio.NewScanner(out)})
	}
	wins := map[string]int{}
	for i := range 50 {
		id := fmt.Sprint(i)
		put(t, l, id)
		for _, r := range racers {
			r.tell(id)
		}
		var by []string
		for _, r := range racers {
			if !r.hear.Scan() {
				t.Fatal("a racer ended")
			}
			by = append(by, r.hear.Text())
		}
		text, err := os.ReadFile(filepath.Join(dir, "undone-"+id))
		if err != nil || string(text) != "once\n" || by[0] != by[1] {
			t.Fatalf("round %d: undone %q, by %q, %v", i, text, by, err)
		}
		wins[by[0]]++
	}
	t.Logf("rounds won: %v", wins)
	want(t, live(t, l))
}

func TestForestallingWhatIsLiveWaitsForNobody(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, "a")
	held, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close() //nolint:errcheck // it was only locked
	if err := unix.Flock(int(held.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	now, stop := context.WithCancel(t.Context())
	stop()
	if err := l.Forestall(now, "a", "halt", "me"); !errors.Is(err, ledger.ErrLive) {
		t.Errorf("got %v, want ErrLive", err)
	}
	if err := l.Forestall(now, "b", "halt", "me"); err == nil || errors.Is(err, ledger.ErrLive) {
		t.Errorf("got %v: what has no receipt needs the lock", err)
	}
}

// withoutRoom is on a disk that takes not a single byte more.
func withoutRoom(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	l, err := ledger.Open(dir)
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{}); err != nil {
		return err
	}
	ctx := context.Background()
	if err := l.Put(ctx, receipt("b")); !errors.Is(err, ledger.ErrUnwritable) {
		return fmt.Errorf("put: %w, want ErrUnwritable", err)
	}
	if err := l.Halt(ctx, ledger.Halt{ID: "h", By: "me"}); err != nil {
		return err
	}
	if err := l.Forestall(ctx, "early", "halt", "me"); err != nil {
		return err
	}
	_, err = l.Undo(ctx, "a", "planned", "me", func(context.Context, faults.Receipt) error { return nil })
	return err
}

func TestWithoutRoomTheTombstoneStands(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, "a")
	if err := other(t, "no room", dir).Run(); err != nil {
		t.Fatal(err)
	}
	want(t, live(t, l))
	for _, id := range []string{"a", "early"} {
		s, ok, err := l.Tombstone(id)
		if !ok || err != nil || s.Receipt.ID != id || s.By != "" || !l.Buried(id) {
			t.Errorf("%s: %+v, %v, %v", id, s, ok, err)
		}
	}
	h, latched := l.Latched()
	if !latched || h.ID != ledger.Unreadable || !strings.Contains(h.Why, "latch") {
		t.Errorf("latched %v: %+v", latched, h)
	}
	if err := l.Resume(t.Context(), h.ID); err != nil {
		t.Error(err)
	}
}
