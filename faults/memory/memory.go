// Package memory leaves a target little memory: a filler, a process of
// Faultline's own in the target's control group, holds so much that the group is
// full to a percentage of its limit, and follows what the target takes and gives
// back. It never takes the target's own memory away.
package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/spec"
)

// Kind is the name that documents use.
const Kind = "memory.fill"

// What a receipt holds beside its doer.
const (
	undoAim   = "aim"   // as JSON
	undoGroup = "group" // for people, as the two that follow
	undoLimit = "limit"
	undoUsage = "usage_when_planned"
)

// Driver fills the memory of targets. The zero value is ready, for targets
// that are processes.
type Driver struct {
	Dir  string        // of the files that name fillers; "" = the system's folder for temporary files
	Find inside.Finder // nil = inside.Processes
}

var _ faults.Keeper = Driver{}

// mostFull leaves the target something: at its limit the kernel kills.
const mostFull = 99

func to() faults.Parameter {
	return inside.Percent("to", "how full: percent of the limit, with what the target itself uses", "90%", mostFull)
}

// Describe tells people about the fault.
func Describe() faults.Kind {
	return faults.Kind{
		Name: Kind, Risk: faults.Caution, Breaks: []spec.TargetKind{spec.ProcessKind, spec.ContainerKind, spec.PodKind}, Serves: true,
		Summary: "fills the memory of the target's control group up to a percentage of its limit",
		Parameters: []faults.Parameter{
			to(),
			inside.Of("whose memory: group, the one whose limit the target has, or host, the machine's where nothing limits the target"),
		},
	}
}

// Plan finds what limits the target, and how far that is filled. A target
// that is above the percentage already is none to refuse: its filler holds
// nothing until it gives memory back. Refusals are faults.ErrRefused.
func (d Driver) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	return faults.Planned(Kind, f, r, inside.Lacking(err))
}

func (d Driver) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	target, r, err := inside.Plan(ctx, d.Find, Describe(), f, t)
	if err != nil {
		return r, err
	}
	fs := cgroup.FS{}
	a := aim{Share: inside.Share(f.With, to()), Host: inside.OfHost(f.With)}
	if a.Group, err = inside.GroupOf(target, cgroup.Memory); err != nil {
		return r, err
	}
	if a.Kills, err = a.Group.OOMKills(); err != nil {
		return r, err
	}
	if a.Host {
		if err := unbound(fs, a.Group); err != nil {
			return r, err
		}
	}
	l, err := a.possible(fs)
	if err != nil {
		return r, err
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return r, fmt.Errorf("noting what is filled: %w", err)
	}
	r.Undo[undoAim], r.Undo[undoGroup] = string(raw), a.Group.Dir
	r.Undo[undoLimit], r.Undo[undoUsage] = size(l.limit), size(l.usage)
	return r, inside.Name(r, d.Dir)
}

// unbound refuses to fill the machine from within a group that has a limit:
// it would be met first.
func unbound(fs cgroup.FS, g cgroup.Group) error {
	levels, err := aim{Group: g}.levels(fs)
	if err == nil && len(levels) > 0 {
		err = fmt.Errorf("%w: control group %s has a limit of %s, which is met before the machine is full: leave of: host out", faults.ErrRefused, g.Dir, size(levels[0].limit))
	}
	return err
}

// Inject starts a filler and waits until the memory is filled. A target that
// is gone, or went to another group, is not broken: faults.ErrRefused.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	return inside.Inject(ctx, d, r, "filling the memory of", inject)
}

func inject(ctx context.Context, r faults.Receipt) error {
	a, err := aimOf(r)
	if err != nil {
		return err
	}
	life, err := inside.LifeOf(r)
	if err != nil {
		return err
	}
	if _, err := inside.StillIn(r, a.Group, cgroup.Memory); err != nil {
		return err
	}
	return inside.Start(ctx, r, inside.Doer{Args: []string{Command, r.ID}, Group: a.Group, Order: order{life, a}, Sacrificed: true})
}

// Rollback ends the filler. The kernel takes back all that it held before it
// is seen gone.
func (d Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	if err := inside.End(ctx, r); err != nil {
		return fmt.Errorf("giving %s its memory back: %w", r.Target, err)
	}
	return nil
}

// Keep renews the filler's life.
func (Driver) Keep(_ context.Context, r faults.Receipt) error {
	if err := inside.Keep(r); err != nil {
		return fmt.Errorf("keeping the memory of %s filled: %w", r.Target, err)
	}
	return nil
}

// KeepEvery is a small part of the filler's lease, so that one which was
// killed is missed soon.
func (Driver) KeepEvery() time.Duration { return inside.KeepEvery }

func aimOf(r faults.Receipt) (aim, error) {
	var a aim
	if err := json.Unmarshal([]byte(r.Undo[undoAim]), &a); err != nil {
		return a, fmt.Errorf("reading what receipt %s fills: %w", r.ID, err)
	}
	return a, nil
}
