// Package cpu leaves a target little processor time: by burners, threads of a
// process of Faultline's own in the target's control group, or by a cut of the
// group's quota.
package cpu

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// What a receipt holds of the target's group.
const (
	undoGroup = "group" // as JSON
	undoIn    = "in"    // for people
)

func notePlace(r faults.Receipt, g cgroup.Group) error {
	r.Undo[undoIn] = g.Dir
	return note(r, undoGroup, g)
}

func note(r faults.Receipt, key string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("noting %s: %w", key, err)
	}
	r.Undo[key] = string(raw)
	return nil
}

func noted(r faults.Receipt, key string, value any) error {
	if err := json.Unmarshal([]byte(r.Undo[key]), value); err != nil {
		return fmt.Errorf("reading %s of receipt %s: %w", key, r.ID, err)
	}
	return nil
}

// planIn is the beginning of a plan: the target, its group and a receipt that
// names both. A machine without such groups cannot do this: faults.ErrRefused.
func planIn(ctx context.Context, by inside.Finder, kind faults.Kind, f spec.Fault, t spec.Target) (process.Record, cgroup.Group, faults.Receipt, error) {
	target, r, err := inside.Plan(ctx, by, kind, f, t)
	if err != nil {
		return target, cgroup.Group{}, r, err
	}
	g, err := inside.GroupOf(target, cgroup.CPU)
	if err == nil {
		err = notePlace(r, g)
	}
	return target, g, r, err
}

// planned is the receipt's group, as long as its target is in it.
func planned(r faults.Receipt) (cgroup.Group, error) {
	var g cgroup.Group
	if err := noted(r, undoGroup, &g); err != nil {
		return g, err
	}
	_, err := inside.StillIn(r, g, cgroup.CPU)
	return g, err
}

// coresOf is how many processors a process of a group has: as its quota says,
// and not more than it may run on.
func coresOf(g cgroup.Group, target process.Record) (float64, error) {
	var may unix.CPUSet
	if err := unix.SchedGetaffinity(target.PID, &may); err != nil {
		return 0, fmt.Errorf("asking on which processors pid %d may run: %w", target.PID, err)
	}
	cores, err := g.Cores()
	if most := float64(may.Count()); cores == 0 || cores > most {
		cores = most
	}
	return cores, err
}
