package container

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/restartloop"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Again has the engine restart containers again and again, as one whose service
// crashes soon after each start. What restarts them is kept as what kills
// processes is. The zero value is ready.
type Again struct{ restartloop.Driver }

var _ faults.Keeper = Again{}

// Plan notes which container it is and how it is well.
func (d Again) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", restartloop.Kind, f.Target, err)
	}
	return r, nil
}

func (d Again) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	kind := restartloop.Describe()
	kind.Breaks = []spec.TargetKind{spec.ContainerKind}
	c, r, err := plan(ctx, kind, f, t)
	if err == nil {
		err = noteWell(c, t, r)
	}
	if err == nil {
		err = noteMark(r, d.Dir)
	}
	if err == nil {
		err = d.Note(r, f.With)
	}
	return r, err
}

// Inject starts the loop and waits until it has restarted the container. One
// that ended since the plan is faults.ErrRefused; one that was started anew is
// still the one to restart.
func (d Again) Inject(ctx context.Context, r faults.Receipt) error {
	return inside.Inject(ctx, d, r, "restarting again and again", begin)
}

func begin(ctx context.Context, r faults.Receipt) error {
	if s, err := inside.Doing(r); err != nil || s != process.Gone {
		return err
	}
	b, err := boxOf(r)
	if err != nil {
		return err
	}
	c, there, err := b.now(ctx)
	switch {
	case err != nil:
		return err
	case !there:
		return b.removed()
	case !c.State.Running || c.State.Paused:
		return fmt.Errorf("%w: container %s is %s since this was planned; start it first", faults.ErrRefused, b.name, c.State.Status)
	}
	if err := markOf(r).Set(b.name); err != nil {
		return err
	}
	return restartloop.Start(ctx, r, Command)
}

// Rollback ends the loop, starts the container unless it runs, and waits for
// its health. Where the engine does not answer the loop is left, to end by itself.
func (d Again) Rollback(ctx context.Context, r faults.Receipt) error {
	b, err := boxOf(r)
	if err == nil {
		_, _, err = b.now(ctx)
	}
	if err == nil {
		err = inside.End(ctx, r)
	}
	if err == nil {
		err = b.settle(ctx, r)
	}
	if err == nil {
		err = b.revive(ctx, r)
	}
	if err == nil {
		err = markOf(r).Clear()
	}
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

// settle waits for a restart that the loop had asked for when it was ended.
func (b box) settle(ctx context.Context, r faults.Receipt) error {
	before, _, err := b.now(ctx)
	if err != nil {
		return err
	}
	return markOf(r).Settle(ctx, onItsWay, func() (bool, error) {
		c, there, err := b.now(ctx)
		return err == nil && (!there || c.State.Running && c.State.StartedAt != before.State.StartedAt), err
	})
}

// Probe sees the fault where the loop runs and has restarted the container
// that was planned for.
func (Again) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	seen, err := again(ctx, r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return seen, nil
}

func again(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	b, err := boxOf(r)
	if err != nil {
		return faults.Unseen, err
	}
	c, there, err := b.now(ctx)
	if err != nil {
		return faults.Unseen, err
	}
	loop, err := inside.Doing(r)
	switch {
	case err != nil:
		return faults.Unseen, err
	case loop == process.Gone:
		return faults.Absent, nil
	case loop == process.Running && there && c.State.StartedAt != b.started:
		return faults.Present, nil
	}
	return faults.Unseen, nil
}
