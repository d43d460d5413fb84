package container

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/spec"
)

// Freeze has the engine freeze the processes of containers. The zero value is
// ready.
type Freeze struct {
	Dir string // of marks; "" = the system's folder for temporary files
}

// Plan notes which container it is, and when it was started.
func (d Freeze) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	kind := pause.Describe()
	kind.Breaks = []spec.TargetKind{spec.ContainerKind}
	_, r, err := plan(ctx, kind, f, t)
	if err == nil {
		err = noteMark(r, d.Dir)
	}
	return faults.Planned(kind.Name, f, r, err)
}

// Inject freezes the container. One that is gone, or was started anew since
// the plan, is faults.ErrRefused.
func (d Freeze) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = d.inject(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("pausing %s: %w", r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Present)
}

func (Freeze) inject(ctx context.Context, r faults.Receipt) error {
	b, err := boxOf(r)
	if err != nil {
		return err
	}
	c, err := b.whole(ctx)
	switch {
	case err != nil || c.State.Paused:
		return err
	case !c.State.Running:
		return fmt.Errorf("%w: container %s has ended since this was planned", faults.ErrRefused, b.name)
	}
	if err := markOf(r).Set(b.name); err != nil {
		return err
	}
	err = b.Pause(ctx, b.id)
	if errors.Is(err, docker.ErrConflict) {
		err = nil // somebody was quicker, or it ended: the look afterwards tells
	}
	return err
}

// Rollback lets the container go on. One that was started anew, or is gone,
// took its pause along.
func (d Freeze) Rollback(ctx context.Context, r faults.Receipt) error {
	b, err := boxOf(r)
	if err == nil {
		err = markOf(r).Settle(ctx, onItsWay, func() (bool, error) {
			p, err := d.Probe(ctx, r)
			return p == faults.Present, err
		})
	}
	if err == nil {
		err = b.thaw(ctx)
	}
	if err != nil {
		return fmt.Errorf("letting %s go on: %w", r.Target, err)
	}
	if err := faults.Await(ctx, d, r, faults.Absent); err != nil {
		return err
	}
	return markOf(r).Clear()
}

func (b box) thaw(ctx context.Context) error {
	c, there, err := b.now(ctx)
	if err != nil || !there || !c.State.Paused || c.State.StartedAt != b.started {
		return err
	}
	err = b.Unpause(ctx, b.id)
	if errors.Is(err, docker.ErrConflict) || errors.Is(err, docker.ErrNotFound) {
		err = nil // somebody was quicker
	}
	return err
}

// Probe sees the fault where the container is paused, and is as it was started.
func (Freeze) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	return probe(ctx, r, func(b box, c docker.Container) bool { return c.State.Paused && c.State.StartedAt == b.started })
}
