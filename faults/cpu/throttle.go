package cpu

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/cut"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/spec"
)

// ThrottleKind is the name that documents use.
const ThrottleKind = "cpu.throttle"

// What a receipt holds of a cut.
const (
	undoWas  = "was"  // the quota when planned, as cgroup.Quota has it
	undoCut  = "cut"  // what it is cut to
	undoNote = "note" // file that notes the cut while it is there
)

// Throttle cuts the quota of the target's group. The zero value is ready, for
// targets that are processes.
type Throttle struct {
	Dir  string        // of the files that note cuts; "" = the system's folder for temporary files
	Find inside.Finder // nil = inside.Processes
}

var _ faults.Keeper = Throttle{}

func to() faults.Parameter {
	return inside.Percent("to", "what is left: percent of the group's quota, or of the processors that it may run on", "50%", 99)
}

// DescribeThrottle tells people about the fault.
func DescribeThrottle() faults.Kind {
	return faults.Kind{
		Name: ThrottleKind, Risk: faults.Caution, Breaks: []spec.TargetKind{spec.ProcessKind, spec.ContainerKind, spec.PodKind}, Serves: true,
		Summary:    "cuts the processor quota of the target's control group, and puts it back unless somebody else has set it since",
		Parameters: []faults.Parameter{to()},
	}
}

// least is the shortest quota that the kernel takes.
const least = time.Millisecond

// Plan notes the quota, and what it is to be. Refusals are faults.ErrRefused.
func (d Throttle) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	return faults.Planned(ThrottleKind, f, r, inside.Lacking(err))
}

func (d Throttle) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	target, g, r, err := planIn(ctx, d.Find, DescribeThrottle(), f, t)
	if err != nil {
		return r, err
	}
	was, err := g.Quota()
	if errors.Is(err, cgroup.ErrNoQuota) {
		err = fmt.Errorf("%w: %w: start the target in a group of its own with the controller cpu, or use %s", faults.ErrRefused, err, SaturateKind)
	}
	if err != nil {
		return r, err
	}
	if err := g.MaySetQuota(); err != nil {
		return r, fmt.Errorf("%w: %w", faults.ErrRefused, err)
	}
	cores, err := coresOf(g, target)
	if err != nil {
		return r, err
	}
	left := cutTo(was, cores, inside.Share(f.With, to()))
	if left.Max < least {
		return r, fmt.Errorf("%w: that leaves %s of each %s, and the kernel takes no less than %s: write a higher percentage", faults.ErrRefused, left.Max, left.Period, least)
	}
	r.Undo[undoWas], r.Undo[undoCut] = was.String(), left.String()
	r.Undo[undoNote], err = cut.Note(d.Dir, notePrefix, g.Dir)
	return r, err
}

// cutTo is a share of what a group has: so many processors.
func cutTo(was cgroup.Quota, cores, share float64) cgroup.Quota {
	return cgroup.Quota{Max: time.Duration(cores * share * float64(was.Period)).Truncate(time.Microsecond), Period: was.Period}
}

// Inject cuts the quota. A target that is gone or went to another group, or a
// quota that somebody else has set since the plan, is faults.ErrRefused.
func (Throttle) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = inject(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("cutting the quota of %s: %w", r.Target, err)
	}
	return nil
}

func inject(ctx context.Context, r faults.Receipt) error {
	c, err := cutOf(r)
	if err != nil {
		return err
	}
	if _, err := planned(r); err != nil {
		return err
	}
	return c.Make(ctx)
}

// Rollback puts the quota back that was there before, or, while it is cut by
// another fault as well, what that one leaves. One that somebody else has set
// meanwhile stays, as it is not Faultline's, and a group that is gone took the cut
// along.
func (Throttle) Rollback(ctx context.Context, r faults.Receipt) error {
	c, err := cutOf(r)
	if err == nil {
		err = c.Mend(ctx)
	}
	if err != nil {
		return fmt.Errorf("giving %s its quota back: %w", r.Target, err)
	}
	return nil
}

// Probe sees the fault where the quota is as Faultline has set it.
func (Throttle) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	seen := faults.Unseen
	c, err := cutOf(r)
	if err == nil {
		seen, _, err = c.See(ctx)
	}
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return seen, nil
}

// Keep changes nothing. It is an error where somebody else has set the quota
// meanwhile: overtaken, the fault is there no more.
func (Throttle) Keep(ctx context.Context, r faults.Receipt) error {
	c, err := cutOf(r)
	if err == nil {
		err = c.Overtaken(ctx)
	}
	if err != nil {
		return fmt.Errorf("looking after the quota of %s: %w", r.Target, err)
	}
	return nil
}

// KeepEvery is how soon a cut that somebody else has undone is missed.
func (Throttle) KeepEvery() time.Duration { return inside.KeepEvery }
