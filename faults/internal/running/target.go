// Package running finds the process of a target, says whether the target
// runs, and starts it again. How it comes to an end is the drivers' part.
package running

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/ending"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Keys of a receipt's Undo.
const (
	undoProcess = "process" // the process record as it was when planned
	undoRecord  = "record"
	undoPIDFile = "pid_file"
	undoMatch   = "match"
	undoUnit    = "unit"
)

// Target is one process to break, and all that is needed to start it again.
// Exactly one of Record, PIDFile, Match and Unit is set.
type Target struct {
	Process process.Record // as it was when planned
	Record  string
	PIDFile string
	Match   string // regular expression of its command line
	Unit    string // of systemd

	Health

	mark ending.Mark
}

// Plan finds the target's live process. A target that does not run, is a
// group, or could not be started again is faults.ErrRefused. It touches nothing.
func Plan(kind faults.Kind, f spec.Fault, t spec.Target) (Target, faults.Receipt, error) {
	if err := kind.Check(f, t); err != nil {
		return Target{}, faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", kind.Name, f.Target, err)
	}
	out, err := find(string(f.Target), t)
	if err != nil {
		return Target{}, faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", kind.Name, f.Target, err)
	}
	undo, err := out.undo()
	return out, faults.Receipt{Kind: kind.Name, Target: string(f.Target), Undo: undo, BootID: out.Process.BootID}, err
}

// PlanSignal is Plan for a fault that sends signals: a process that may not be
// sent any is refused.
func PlanSignal(kind faults.Kind, f spec.Fault, t spec.Target) (Target, faults.Receipt, error) {
	out, r, err := Plan(kind, f, t)
	if err != nil {
		return out, r, err
	}
	if err := process.Signal(out.Process, 0); errors.Is(err, os.ErrPermission) {
		return Target{}, faults.Receipt{}, fmt.Errorf("planning %s on %s: %w: %w; run the agent as root, or as the user of that process", kind.Name, f.Target, faults.ErrRefused, err)
	}
	return out, r, nil
}

func find(name string, t spec.Target) (Target, error) {
	if t.Process == nil || len(t.Process.Ways()) != 1 {
		return Target{}, fmt.Errorf("%w: the platform must give its process one of record, pid_file, match and unit", faults.ErrRefused)
	}
	out := Target{Record: t.Process.Record, PIDFile: t.Process.PIDFile, Match: t.Process.Match, Unit: t.Process.Unit}
	for _, path := range []*string{&out.Record, &out.PIDFile} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path) // the one who undoes may stand in another folder
		if err != nil {
			return Target{}, fmt.Errorf("finding its process: %w", err)
		}
		*path = abs
	}
	out.Health = HealthOf(t)
	found, err := out.first()
	if err != nil {
		return Target{}, err
	}
	if !found.Alive() {
		return Target{}, fmt.Errorf("%w: it does not run, so nothing could be broken; start it first", faults.ErrRefused)
	}
	if out.Process, err = complete(name, found, *t.Process); err == nil && out.Match != "" {
		err = out.findable()
	}
	return out, err
}

// first is named for Plan, which says why there is none, or not one.
func (t Target) first() (process.Record, error) {
	if t.Match != "" {
		return oneFit(t.Match)
	}
	r, err := t.named()
	if err != nil && t.Unit != "" && !errors.Is(err, faults.ErrRefused) {
		err = fmt.Errorf("%w: asking systemd: %w", faults.ErrRefused, err)
	}
	return r, err
}

// complete joins what the running process tells of itself with what the
// platform says, which wins.
func complete(name string, found process.Record, p spec.Process) (process.Record, error) {
	if found.Name == "" {
		found.Name = name
	}
	if len(p.Command) > 0 {
		found.Command = p.Command
	}
	if len(found.Command) == 0 && p.Unit == "" {
		return found, fmt.Errorf("%w: nothing says by which command it is started again", faults.ErrRefused)
	}
	if p.Dir != "" {
		found.Dir = p.Dir
	}
	if found.Dir == "" {
		found.Dir, _ = os.Readlink(fmt.Sprintf("/proc/%d/cwd", found.PID)) // of another user: unreadable, and "" is our own
	}
	if p.Log != "" {
		found.Log = p.Log
	}
	// What it was started with comes first: of two equal names the last one
	// counts. Of another user's process it cannot be read.
	if raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", found.PID)); err == nil && len(raw) > 0 {
		found.Env = append(strings.Split(strings.TrimRight(string(raw), "\x00"), "\x00"), found.Env...)
	}
	found.Env = append(found.Env, p.Env...)
	return found, nil
}

func (t Target) undo() (map[string]string, error) {
	raw, err := json.Marshal(t.Process)
	if err != nil {
		return nil, fmt.Errorf("noting how %s is started: %w", t.Process.Name, err)
	}
	undo := map[string]string{undoProcess: string(raw)}
	t.Note(undo)
	for key, value := range map[string]string{undoRecord: t.Record, undoPIDFile: t.PIDFile, undoMatch: t.Match, undoUnit: t.Unit} {
		if value != "" {
			undo[key] = value
		}
	}
	return undo, nil
}

// Of reads a target back from a receipt.
func Of(r faults.Receipt) (Target, error) {
	t := Target{
		Record: r.Undo[undoRecord], PIDFile: r.Undo[undoPIDFile], Match: r.Undo[undoMatch], Unit: r.Undo[undoUnit],
		Health: NotedHealth(r), mark: ending.Mark(r.Undo[undoMark]),
	}
	if err := json.Unmarshal([]byte(r.Undo[undoProcess]), &t.Process); err != nil {
		return t, fmt.Errorf("reading the process of receipt %s: %w", r.ID, err)
	}
	if t.Process.PID <= 0 || t.Process.StartTime == "" || t.Process.BootID == "" {
		return t, fmt.Errorf("reading the process of receipt %s: %w", r.ID, errors.New("pid, start_time and boot_id are needed"))
	}
	for _, path := range []string{t.Record, t.PIDFile} {
		// Under a name that Plan did not note the target would be missed, and started a second time.
		if path != "" && !filepath.IsAbs(path) {
			return t, fmt.Errorf("reading the process of receipt %s: %q is no path that a plan notes; the receipt is damaged", r.ID, path)
		}
	}
	return t, nil
}
