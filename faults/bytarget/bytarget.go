// Package bytarget makes one driver of several that break different kinds of
// target by the same kind of fault.
package bytarget

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// undoKind names in a receipt the kind of target whose driver made it.
const undoKind = "target_kind"

// Driver picks by the target's kind, and what was planned by its receipt. The
// zero value refuses every target.
type Driver map[spec.TargetKind]faults.Driver

var (
	_ faults.Keeper = Driver{}
	_ faults.Leaver = Driver{}
)

// Plan has the driver of the target's kind plan. A kind that no driver is of
// is faults.ErrRefused.
func (d Driver) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	of, ok := d[t.Kind()]
	if !ok {
		kind := faults.Kind{Name: f.Kind}
		kind.Breaks = slices.Sorted(maps.Keys(d))
		return faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", f.Kind, f.Target, kind.Check(spec.Fault{}, t))
	}
	r, err := of.Plan(ctx, f, t)
	if err == nil && t.Kind() != d.first() {
		r.Undo[undoKind] = string(t.Kind())
	}
	return r, err
}

// first is the kind of target whose receipts name none, as those of before
// there were others.
func (d Driver) first() spec.TargetKind {
	if _, ok := d[spec.ProcessKind]; ok {
		return spec.ProcessKind
	}
	return spec.NetworkKind
}

// of is the driver that made a receipt.
func (d Driver) of(r faults.Receipt) (faults.Driver, error) {
	kind := cmp.Or(spec.TargetKind(r.Undo[undoKind]), d.first())
	if of, ok := d[kind]; ok {
		return of, nil
	}
	return nil, fmt.Errorf("receipt %s is of %s on a %s, and this program knows none: use the one that made it", r.ID, r.Kind, kind)
}

// Inject implements faults.Driver.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	of, err := d.of(r)
	if err != nil {
		return err
	}
	return of.Inject(ctx, r)
}

// Rollback implements faults.Driver.
func (d Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	of, err := d.of(r)
	if err != nil {
		return err
	}
	return of.Rollback(ctx, r)
}

// Probe implements faults.Driver.
func (d Driver) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	of, err := d.of(r)
	if err != nil {
		return faults.Unseen, err
	}
	return of.Probe(ctx, r)
}

// Keep implements faults.Keeper; a fault that need not be kept is left alone.
func (d Driver) Keep(ctx context.Context, r faults.Receipt) error {
	of, err := d.of(r)
	if k, ok := of.(faults.Keeper); ok {
		return k.Keep(ctx, r)
	}
	return err
}

// Stays implements faults.Leaver; of a driver that is none nothing stays.
func (d Driver) Stays(ctx context.Context, r faults.Receipt) ([]string, error) {
	of, err := d.of(r)
	if l, ok := of.(faults.Leaver); ok {
		return l.Stays(ctx, r)
	}
	return nil, err
}

// seldom is for drivers none of whose faults need be kept.
const seldom = time.Minute

// KeepEvery is the shortest of all.
func (d Driver) KeepEvery() time.Duration {
	every := seldom
	for _, of := range d {
		if k, ok := of.(faults.Keeper); ok {
			every = min(every, k.KeepEvery())
		}
	}
	return every
}
