package process_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/k2-platform/faultline/internal/process"
)

const child = "FAULTLINE_TEST_CHILD"

// TestMain is also the program that the tests start: it says hello and waits.
func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		if _, err := os.Stdout.WriteString("hello\n"); err != nil {
			os.Exit(1)
		}
		time.Sleep(time.Minute)
		return
	}
	os.Exit(m.Run())
}

func start(t *testing.T) process.Record {
	t.Helper()
	r, err := process.Start(t.Context(), process.Record{
		Name: "child", Command: []string{os.Args[0]}, Env: []string{child + "=1"},
		Dir: t.TempDir(), Log: filepath.Join(t.TempDir(), "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Signal(r, syscall.SIGKILL); err != nil && !errors.Is(err, process.ErrNotSame) {
			t.Error(err)
		}
		await(t, func() bool { return !r.Alive() })
	})
	return r
}

func await(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for tick := time.NewTicker(time.Millisecond); !ok(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it did not come to that")
		}
	}
}

func TestLifeOfAProcess(t *testing.T) {
	r := start(t)
	await(t, func() bool {
		out, err := os.ReadFile(r.Log)
		return err == nil && strings.Contains(string(out), "hello")
	})
	path := filepath.Join(t.TempDir(), "child.json")
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	read, err := process.Read(path)
	if err != nil || !read.Alive() {
		t.Fatalf("record %+v, %v", read, err)
	}
	if err := process.Signal(read, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return read.State() == process.Paused })
	if err := process.Signal(read, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return read.State() == process.Gone })
}

func TestAStrangerIsNeverTouched(t *testing.T) {
	r := start(t)
	for name, stranger := range map[string]process.Record{
		"other start time": {PID: r.PID, StartTime: r.StartTime + "0", BootID: r.BootID},
		"other boot":       {PID: r.PID, StartTime: r.StartTime, BootID: "another"},
		"no identity":      {PID: r.PID},
		"no pid":           {StartTime: r.StartTime, BootID: r.BootID},
	} {
		t.Run(name, func(t *testing.T) {
			if stranger.Alive() {
				t.Error("it passes for the process")
			}
			if err := process.Signal(stranger, syscall.SIGKILL); !errors.Is(err, process.ErrNotSame) {
				t.Errorf("got %v, want ErrNotSame", err)
			}
		})
	}
	if !r.Alive() {
		t.Error("the process was hit")
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	if _, err := process.Read(filepath.Join(t.TempDir(), "none.json")); !errors.Is(err, process.ErrNoRecord) {
		t.Errorf("got %v, want ErrNoRecord", err)
	}
	torn := filepath.Join(t.TempDir(), "torn.json")
	if err := os.WriteFile(torn, []byte(`{"pid":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := process.Read(torn); err == nil {
		t.Error("a torn record was read")
	}
}

func TestStartRefusesWithoutACommand(t *testing.T) {
	if _, err := process.Start(t.Context(), process.Record{Name: "x"}); err == nil {
		t.Error("nothing was started, and nobody said so")
	}
}

func TestAClaimNamesItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := process.Claim(path, "the first")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := process.Claim(path, "the second"); !errors.Is(err, process.ErrClaimed) || !strings.Contains(err.Error(), "the first") {
		t.Errorf("got %v, want ErrClaimed with its holder", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if release, err = process.Claim(path, "2"); err != nil || process.Holder(path) != "2" {
		t.Errorf("claimed anew: %v, by %s", err, process.Holder(path))
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

// TestAProcessThatEndsAsItIsSignalledIsGone meets the moment between the look
// and the signal, in which the handle's process may end.
func TestAProcessThatEndsAsItIsSignalledIsGone(t *testing.T) {
	for range 100 {
		r, err := process.Start(t.Context(), process.Record{Name: "brief", Command: []string{"true"}})
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it was quicker still
		}
		for err == nil {
			err = process.Signal(r, syscall.SIGCONT)
		}
		if !errors.Is(err, process.ErrNotSame) {
			t.Fatalf("signalling one that ended: %v, want that it is not the same", err)
		}
	}
}
