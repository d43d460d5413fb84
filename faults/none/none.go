// Package none is the fault of a control experiment: all is done as for a
// fault, and the target is not touched. What it finds, no fault has caused.
package none

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Kind is the name that documents use.
const Kind = "none"

const (
	undoMark = "mark"
	prefix   = "faultline-none-"
)

// Driver does nothing to a target. Presence is that of a mark, a file of its
// own in Dir which Inject makes and Rollback removes: it proves that the two
// ran, in whichever process, and says nothing of the target.
type Driver struct {
	Dir string // of marks; "" = the system's folder for temporary files
}

// Describe tells people about the fault.
func Describe() faults.Kind {
	return faults.Kind{Name: Kind, Risk: faults.Safe, Serves: true, Summary: "a control experiment: leaves the target alone"}
}

// Plan names a mark that nobody has.
func (d Driver) Plan(_ context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	if err := Describe().Check(f, t); err != nil {
		return faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", Kind, f.Target, err)
	}
	dir := d.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", Kind, f.Target, err)
	}
	boot, err := process.BootID()
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", Kind, f.Target, err)
	}
	return faults.Receipt{
		Kind: Kind, Target: string(f.Target), BootID: boot,
		Undo: map[string]string{undoMark: filepath.Join(dir, prefix+rand.Text())},
	}, nil
}

// Inject makes the mark.
func (Driver) Inject(ctx context.Context, r faults.Receipt) error {
	path, err := mark(r)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = process.WriteFile(path, []byte(r.ID+"\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("marking %s: %w", r.Target, err)
	}
	return nil
}

// Rollback removes the mark.
func (Driver) Rollback(_ context.Context, r faults.Receipt) error {
	path, err := mark(r)
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the mark of %s: %w", r.Target, err)
	}
	return nil
}

// Probe looks for the mark.
func (Driver) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	path, err := mark(r)
	if err == nil {
		_, err = os.Stat(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return faults.Absent, nil
	}
	if err != nil {
		return faults.Unseen, fmt.Errorf("looking for the mark of %s: %w", r.Target, err)
	}
	return faults.Present, nil
}

// mark refuses a receipt that would have another file removed.
func mark(r faults.Receipt) (string, error) {
	path := r.Undo[undoMark]
	if !filepath.IsAbs(path) || !strings.HasPrefix(filepath.Base(path), prefix) {
		return "", fmt.Errorf("receipt %s names no mark of this fault: %q", r.ID, path)
	}
	return path, nil
}
