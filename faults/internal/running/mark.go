package running

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/ending"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// undoMark names the mark of a fault that ends its target.
const undoMark = "mark"

// PlanEnd is Plan for a fault that ends its target.
func PlanEnd(kind faults.Kind, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	found, r, err := PlanSignal(kind, f, t)
	if err != nil {
		return faults.Receipt{}, err
	}
	mark, err := ending.In(found.folder())
	r.Undo[undoMark] = string(mark)
	return r, err
}

// folder is where the target's record or pid file lies, or what has neither
// is noted.
func (t Target) folder() string {
	switch {
	case t.PIDFile != "":
		return filepath.Dir(t.PIDFile)
	case t.Record != "":
		return filepath.Dir(t.Record)
	}
	return os.TempDir()
}

// EndMarked is End behind a mark. Where the mark cannot be written nothing
// is sent.
func (t Target) EndMarked(ctx context.Context, sig syscall.Signal) error {
	if err := t.mark.Set(t.Process.Name); err != nil {
		return err
	}
	return t.End(ctx, sig)
}

// ReviveMarked is Revive for a fault that ended its target by EndMarked. A
// process that was told to end has that long, from then on, to do so.
func (t Target) ReviveMarked(ctx context.Context, within time.Duration) error {
	err := t.mark.Settle(ctx, within, func() (bool, error) {
		s, err := t.Process.Look()
		return s == process.Gone, err
	})
	if err != nil {
		return fmt.Errorf("bringing %s, pid %d, back: %w", t.Process.Name, t.Process.PID, err)
	}
	if err := t.Revive(ctx); err != nil {
		return err
	}
	return t.mark.Clear()
}
