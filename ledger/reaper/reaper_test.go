package reaper_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/ledger/reaper"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	silence = 3 * time.Second
	start   = time.Hour // on the boot clock
)

// bench is a reaper in a bubble, and the agent's end of its pipe.
type bench struct {
	t      *testing.T
	dir    string
	ledger *ledger.Ledger
	began  time.Time
	pipe   *io.PipeWriter
	config reaper.Config
	ended  chan error

	mu     sync.Mutex
	undone []string
	undo   func(context.Context, faults.Receipt) error // nil: succeeds
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	l, err := ledger.Open(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, dir: dir, ledger: l, began: time.Now(), ended: make(chan error, 1)}
	b.config = reaper.Config{
		Ledger: l, Undo: b.rollBack, Silence: silence, HaltFile: filepath.Join(dir, "HALT"),
		Log: slog.New(slog.DiscardHandler), Now: b.now,
	}
	return b
}

func (b *bench) now() time.Duration { return start + time.Since(b.began) }

func (b *bench) rollBack(ctx context.Context, r faults.Receipt) error {
	if b.undo != nil {
		if err := b.undo(ctx, r); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.undone = append(b.undone, r.ID)
	return nil
}

func (b *bench) put(id string, life time.Duration) {
	b.t.Helper()
	boot, err := ledger.BootID()
	if err == nil {
		err = b.ledger.Put(b.t.Context(), faults.Receipt{ID: id, Experiment: "e", Kind: "k", Target: id, BootID: boot, Expires: b.now() + life})
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// watch starts the reaper as an agent does.
func (b *bench) watch() {
	read, write := io.Pipe()
	b.pipe = write
	b.config.Heartbeat = read
	go func() { b.ended <- reaper.Run(b.t.Context(), b.config) }()
}

// beats for that long, twice a second.
func (b *bench) beats(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		_, _ = b.pipe.Write([]byte("b"))
	}
	synctest.Wait()
}

// wait waits for the reaper's end, and says how long it took.
func (b *bench) wait() time.Duration {
	b.t.Helper()
	before := time.Now()
	if err := <-b.ended; err != nil {
		b.t.Error(err)
	}
	_ = b.pipe.Close()
	return time.Since(before)
}

func (b *bench) gone(ids ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(b.undone)
	if !slices.Equal(b.undone, ids) {
		b.t.Errorf("undone are %q, want %q", b.undone, ids)
	}
}

func (b *bench) told(id, cause, by string) {
	b.t.Helper()
	s, ok, err := b.ledger.Tombstone(id)
	if !ok || err != nil || s.Cause != cause || !strings.Contains(s.By, by) {
		b.t.Errorf("the tombstone of %s: %+v, %v, %v", id, s, ok, err)
	}
}

func bubble(t *testing.T, test func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newBench(t)) })
}

func TestADeadAgentLeavesNothing(t *testing.T) {
	bubble(t, func(b *bench) {
		b.undo = func(ctx context.Context, r faults.Receipt) error {
			if r.ID == "slow" {
				time.Sleep(20 * time.Second) // a driver that hangs for long keeps no other
			} else if time.Since(b.began) > 15*time.Second {
				b.t.Errorf("%s was undone after the slow one", r.ID)
			}
			return ctx.Err()
		}
		b.put("a", time.Minute)
		b.put("slow", time.Minute)
		b.put("z", time.Minute)
		b.watch()
		b.beats(10 * time.Second)
		b.gone()
		_ = b.pipe.Close()
		b.wait()
		b.gone("a", "slow", "z")
		b.told("a", "agent_restart", "gone")
	})
}

func TestItIsToldBeforeAnythingIsUndone(t *testing.T) {
	bubble(t, func(b *bench) {
		told := 0
		b.config.Gone = func() { b.gone(); told++ }
		b.put("a", time.Minute)
		b.watch()
		b.beats(5 * time.Second)
		if told != 0 {
			b.t.Error("the agent is there")
		}
		_ = b.pipe.Close()
		b.wait()
		if b.gone("a"); told != 1 {
			b.t.Errorf("told %d times", told)
		}
	})
}

func TestASilentAgentLeavesNothing(t *testing.T) {
	bubble(t, func(b *bench) {
		b.put("a", time.Hour)
		b.watch()
		b.beats(time.Minute)
		b.gone()
		if took := b.wait(); took > silence+time.Second {
			b.t.Errorf("it took %s", took)
		}
		b.gone("a")
		b.told("a", "agent_restart", "silent for 3s")
	})
}

func TestAFailedUndoIsTriedUntilItIsDone(t *testing.T) {
	bubble(t, func(b *bench) {
		tries := 0
		b.undo = func(context.Context, faults.Receipt) error {
			switch tries++; {
			case tries == 1:
				panic("a driver's mistake")
			case tries < 10:
				return errors.New("no power")
			}
			return nil
		}
		b.put("a", time.Minute)
		b.watch()
		b.beats(time.Second)
		_ = b.pipe.Close()
		b.wait()
		b.gone("a")
		if tries != 10 {
			b.t.Errorf("%d tries", tries)
		}
	})
}

func TestALedgerThatIsGoneIsUndoneFromMemory(t *testing.T) {
	bubble(t, func(b *bench) {
		b.put("a", time.Hour)
		b.watch()
		b.beats(time.Second)
		if err := os.RemoveAll(b.ledger.Dir()); err != nil {
			b.t.Fatal(err)
		}
		b.beats(time.Second)
		_ = b.pipe.Close()
		b.wait() // it ends: there is nothing left to read
		b.gone("a")
	})
}

func TestALifeTimeEndsWhileTheAgentBeats(t *testing.T) {
	bubble(t, func(b *bench) {
		b.watch()
		b.put("short", 5*time.Second)
		b.put("long", time.Hour)
		b.beats(5 * time.Second)
		b.gone() // the agent has a moment to do it itself
		b.beats(time.Second)
		b.gone("short")
		b.told("short", "deadline", "life-time")
		b.beats(time.Minute)
		b.gone("short")
		_, _ = b.pipe.Write([]byte("q"))
		b.wait()
		b.gone("long", "short")
		b.told("long", "agent_restart", "ended and left it")
	})
}

func TestAHaltFileEndsEverything(t *testing.T) {
	bubble(t, func(b *bench) {
		b.watch()
		b.put("a", time.Hour)
		b.put("b", time.Hour)
		b.beats(2 * time.Second)
		if err := os.WriteFile(b.config.HaltFile, []byte("smoke"), 0o600); err != nil {
			b.t.Fatal(err)
		}
		b.beats(500 * time.Millisecond)
		b.gone("a", "b")
		b.told("a", "halt", b.config.HaltFile)
		if h, ok := b.ledger.Latched(); !ok || h.Why != "smoke" {
			b.t.Errorf("latched %v: %+v", ok, h)
		}
		if err := b.ledger.Put(b.t.Context(), faults.Receipt{ID: "c"}); !errors.Is(err, ledger.ErrHalted) {
			b.t.Errorf("got %v, want ErrHalted", err)
		}
		_, _ = b.pipe.Write([]byte("bq"))
		b.wait()
	})
}

func TestAnAnnouncedReceiptIsNotOverlooked(t *testing.T) {
	bubble(t, func(b *bench) {
		b.watch()
		b.beats(10 * time.Second) // so that looks are seldom
		_, _ = b.pipe.Write([]byte("bh"))
		synctest.Wait()
		b.put("a", 100*time.Millisecond)
		time.Sleep(600 * time.Millisecond) // its life, the agent's grace, one look
		synctest.Wait()
		b.gone("a")
		_, _ = b.pipe.Write([]byte("q"))
		b.wait()
	})
}

func TestAnEmptyLedgerIsLookedAtWithoutBeats(t *testing.T) {
	bubble(t, func(b *bench) {
		b.watch()
		b.beats(10 * time.Second)
		b.put("a", 100*time.Millisecond)
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		b.gone("a")
		_, _ = b.pipe.Write([]byte("q"))
		b.wait()
	})
}

func TestAHaltOfTheLedgerIsEnforced(t *testing.T) {
	bubble(t, func(b *bench) {
		b.watch()
		b.put("a", time.Hour)
		if err := b.ledger.Halt(b.t.Context(), ledger.Halt{ID: "h1", Experiment: "e", By: "me"}); err != nil {
			b.t.Fatal(err)
		}
		b.beats(time.Second)
		b.gone("a")
		b.told("a", "halt", "h1")
		_, _ = b.pipe.Write([]byte("q"))
		b.wait()
	})
}

func TestAReaperDoesNotLeaveItsAgent(t *testing.T) {
	bubble(t, func(b *bench) {
		b.put("a", time.Hour)
		ctx, stop := context.WithCancel(b.t.Context())
		read, write := io.Pipe()
		b.pipe, b.config.Heartbeat = write, read
		go func() { b.ended <- reaper.Run(ctx, b.config) }()
		b.beats(time.Second)
		stop()
		b.beats(10 * time.Second)
		b.gone() // it undoes nothing while the agent beats, and goes on
		_ = write.Close()
		b.wait()
		b.gone("a")
	})
}

func TestAReaperSaysWhatItLacks(t *testing.T) {
	err := reaper.Run(t.Context(), reaper.Config{Heartbeat: strings.NewReader("")})
	if err == nil || !strings.Contains(err.Error(), "ledger") || !strings.Contains(err.Error(), "silence") {
		t.Errorf("got %v", err)
	}
}
