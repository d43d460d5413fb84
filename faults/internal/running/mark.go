package running

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// undoMark names a file that is there from just before the signal that ends
// the target until the rollback. Without it, one who rolls back right after
// an interrupted injection would take a process on its way out for a whole one.
const undoMark = "mark"

// PlanEnd is Plan for a fault that ends its target.
func PlanEnd(kind faults.Kind, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	found, r, err := PlanSignal(kind, f, t)
	if err != nil {
		return faults.Receipt{}, err
	}
	r.Undo[undoMark] = filepath.Join(found.folder(), ".faultline-ends-"+rand.Text())
	return r, nil
}

// folder is where the target's record or pid file lies.
func (t Target) folder() string {
	if t.PIDFile != "" {
		return filepath.Dir(t.PIDFile)
	}
	return filepath.Dir(t.Record)
}

// EndMarked is End behind a mark. Where the mark cannot be written nothing
// is sent.
func (t Target) EndMarked(ctx context.Context, sig syscall.Signal) error {
	if t.mark == "" {
		return errors.New("its receipt names no mark")
	}
	if err := process.WriteFile(t.mark, []byte(t.Process.Name+"\n"), 0o600); err != nil {
		return fmt.Errorf("noting that %s is about to end: %w", t.Process.Name, err)
	}
	return t.End(ctx, sig)
}

// ReviveMarked is Revive for a fault that ended its target by EndMarked. A
// process that was told to end has that long, from then on, to do so.
func (t Target) ReviveMarked(ctx context.Context, within time.Duration) error {
	if err := t.settle(ctx, within); err != nil {
		return err
	}
	if err := t.Revive(ctx); err != nil {
		return err
	}
	if err := os.Remove(t.mark); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the mark of %s: %w", t.Process.Name, err)
	}
	return nil
}

func (t Target) settle(ctx context.Context, within time.Duration) error {
	info, err := os.Stat(t.mark)
	if errors.Is(err, os.ErrNotExist) {
		return nil // never told to end
	}
	if err != nil {
		return fmt.Errorf("looking whether %s was told to end: %w", t.Process.Name, err)
	}
	left := min(within, time.Until(info.ModTime().Add(within))) // min: the wall clock may have been set back
	for until := time.Now().Add(left); time.Now().Before(until); pause.For(ctx, lookEvery) {
		s, err := t.Process.Look()
		if err == nil && s == process.Gone {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("waiting for %s, pid %d, which was told to end: %w", t.Process.Name, t.Process.PID, errors.Join(ctx.Err(), err))
		}
	}
	return nil
}
