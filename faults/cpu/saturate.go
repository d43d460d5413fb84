package cpu

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// SaturateKind is the name that documents use.
const SaturateKind = "cpu.saturate"

// What a receipt holds of burners beside their process.
const (
	undoBurn  = "burn"  // as JSON
	undoCores = "cores" // for people
)

// Saturate burns processor time. The zero value is ready, for targets that
// are processes.
type Saturate struct {
	Dir  string        // of the files that name burners; "" = the system's folder for temporary files
	Find inside.Finder // nil = inside.Processes
}

var _ faults.Keeper = Saturate{}

func share() faults.Parameter {
	return inside.Percent("share", "how much is burnt: percent of the group's quota, or of the processors that it may run on", "100%", 100)
}

// DescribeSaturate tells people about the fault.
func DescribeSaturate() faults.Kind {
	return faults.Kind{
		Name: SaturateKind, Risk: faults.Caution, Breaks: []spec.TargetKind{spec.ProcessKind, spec.ContainerKind, spec.PodKind}, Serves: true,
		Summary: "burns processor time in the target's control group, which the target shares with what burns",
		Parameters: []faults.Parameter{
			share(),
			inside.Of("whose processors: group, those of the target's control group, or host, the machine's where the target is in no group"),
		},
	}
}

// burn is how many threads run, and for how much of the time each.
type burn struct {
	Threads int     `json:"threads"`
	Duty    float64 `json:"duty"` // above 0, to 1
}

// spread is the fewest threads that use so many processors.
func spread(cores float64) burn {
	n := max(1, int(math.Ceil(cores-1e-9)))
	return burn{n, min(1, cores/float64(n))}
}

// Plan finds the target's group and how many processors it has. Refusals are
// faults.ErrRefused.
func (d Saturate) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	return faults.Planned(SaturateKind, f, r, inside.Lacking(err))
}

func (d Saturate) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	target, g, r, err := planIn(ctx, d.Find, DescribeSaturate(), f, t)
	if err != nil {
		return r, err
	}
	if g.Dir == g.Top && !inside.OfHost(f.With) {
		return r, fmt.Errorf("%w: its control group %s is that of the whole machine: start it in one of its own, or write of: host", faults.ErrRefused, g.Dir)
	}
	if err := g.MayJoin(); err != nil {
		return r, fmt.Errorf("%w: %w", faults.ErrRefused, err)
	}
	cores, err := coresOf(g, target)
	if err != nil {
		return r, err
	}
	part := inside.Share(f.With, share())
	b := spread(cores * part)
	if part >= 1 {
		// All of a quota is used up by who would use more: one who wants just as much
		// gets less, as soon as anybody else wants a processor, and nobody is short.
		b.Duty = 1
	}
	if err := note(r, undoBurn, b); err != nil {
		return r, err
	}
	r.Undo[undoCores] = strconv.FormatFloat(cores*part, 'f', 2, 64)
	return r, inside.Name(r, d.Dir)
}

// Inject starts the burners and waits until each has burnt some time. A target
// that is gone, or went to another group, is not broken: faults.ErrRefused.
func (d Saturate) Inject(ctx context.Context, r faults.Receipt) error {
	return inside.Inject(ctx, d, r, "burning the processor time of", ignite)
}

func ignite(ctx context.Context, r faults.Receipt) error {
	g, err := planned(r)
	if err != nil {
		return err
	}
	o := order{}
	if err := noted(r, undoBurn, &o.Burn); err != nil {
		return err
	}
	if o.Life, err = inside.LifeOf(r); err != nil {
		return err
	}
	return inside.Start(ctx, r, inside.Doer{Args: []string{Command, r.ID}, Group: g, Order: o})
}

// Rollback ends the burners.
func (d Saturate) Rollback(ctx context.Context, r faults.Receipt) error {
	if err := inside.End(ctx, r); err != nil {
		return fmt.Errorf("giving %s its processor time back: %w", r.Target, err)
	}
	return nil
}

// Probe sees the fault where as many threads burn as were to.
func (d Saturate) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	p, err := burning(r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return p, nil
}

func burning(r faults.Receipt) (faults.Presence, error) {
	var b burn
	if err := noted(r, undoBurn, &b); err != nil {
		return faults.Unseen, err
	}
	s, err := inside.Doing(r)
	if err != nil {
		return faults.Unseen, err
	}
	switch s {
	case process.Gone:
		return faults.Absent, nil
	case process.Paused:
		return faults.Unseen, nil
	case process.Running:
	}
	pid, err := inside.PID(r)
	if err != nil {
		return faults.Unseen, err
	}
	if n := threadsNamed(pid, burner); n < b.Threads {
		return faults.Unseen, nil
	}
	return faults.Present, nil
}

// Keep renews the burners' life.
func (Saturate) Keep(_ context.Context, r faults.Receipt) error {
	if err := inside.Keep(r); err != nil {
		return fmt.Errorf("keeping the processors of %s busy: %w", r.Target, err)
	}
	return nil
}

// KeepEvery is a small part of the burners' lease, so that some that were
// killed are missed soon.
func (Saturate) KeepEvery() time.Duration { return inside.KeepEvery }
