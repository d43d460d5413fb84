// Package inside is for faults that come from within a target's control
// groups: it finds the target's process, and keeps processes of Faultline's own
// there, doers, that are the fault for as long as they live. What a doer does is
// the drivers' part.
package inside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Finder gives the process by which the control groups of a target are found:
// of a container, say, its first one. A target that does not run, or of a kind
// that it does not know, is faults.ErrRefused. It touches nothing.
type Finder interface {
	Find(ctx context.Context, kind faults.Kind, f spec.Fault, t spec.Target) (process.Record, error)
}

// Processes finds targets that are processes of this host. The zero value is
// ready.
type Processes struct{}

// Find implements Finder.
func (Processes) Find(_ context.Context, kind faults.Kind, f spec.Fault, t spec.Target) (process.Record, error) {
	if t.Process == nil {
		return process.Record{}, fmt.Errorf("%w: nothing here finds the process of a %s", faults.ErrRefused, t.Kind())
	}
	found, _, err := running.Plan(kind, f, t)
	return found.Process, err
}

// undoProcess is the target's process as it was when planned.
const undoProcess = "process"

// Plan checks the fault and finds the target's process; nil finds Processes.
// The receipt has all but what the driver adds to its Undo.
func Plan(ctx context.Context, by Finder, kind faults.Kind, f spec.Fault, t spec.Target) (process.Record, faults.Receipt, error) {
	if err := kind.Check(f, t); err != nil {
		return process.Record{}, faults.Receipt{}, err
	}
	if by == nil {
		by = Processes{}
	}
	found, err := by.Find(ctx, kind, f, t)
	if err != nil {
		return process.Record{}, faults.Receipt{}, err
	}
	// Who it is, and nothing that only a start needs: its environment may hold secrets.
	who := process.Record{Name: string(f.Target), PID: found.PID, StartTime: found.StartTime, BootID: found.BootID}
	r := faults.Receipt{Kind: kind.Name, Target: string(f.Target), BootID: who.BootID, Undo: map[string]string{}}
	return who, r, Note(r, who)
}

// Note writes a target's process into a receipt, for Target.
func Note(r faults.Receipt, who process.Record) error {
	raw, err := json.Marshal(who)
	if err != nil {
		return fmt.Errorf("noting the process of %s: %w", r.Target, err)
	}
	r.Undo[undoProcess] = string(raw)
	return nil
}

// Lacking makes what a plan lacks the right to a refusal.
func Lacking(err error) error {
	if err == nil || !errors.Is(err, os.ErrPermission) || errors.Is(err, faults.ErrRefused) {
		return err
	}
	return fmt.Errorf("%w: %w; run the agent as root on the host, or give it the group by delegation", faults.ErrRefused, err)
}

// Target is the process that a receipt was planned for.
func Target(r faults.Receipt) (process.Record, error) {
	var p process.Record
	if err := json.Unmarshal([]byte(r.Undo[undoProcess]), &p); err != nil {
		return p, fmt.Errorf("reading the process of receipt %s: %w", r.ID, err)
	}
	if p.PID <= 0 || p.StartTime == "" || p.BootID == "" {
		return p, fmt.Errorf("reading the process of receipt %s: %w", r.ID, errors.New("pid, start_time and boot_id are needed"))
	}
	return p, nil
}

// Alive is faults.ErrRefused where the target's process is not there any more.
func Alive(target process.Record) error {
	s, err := target.Look()
	if err == nil && s == process.Gone {
		err = fmt.Errorf("%w: the process of %s, pid %d, is gone; plan the fault again once it runs", faults.ErrRefused, target.Name, target.PID)
	}
	return err
}
