package container

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/spec"
)

// What a receipt holds of a container that is ended.
const (
	undoGrace   = "grace"
	undoHealthy = "healthy" // whether its own check passed, or had yet to, when planned
	undoPolicy  = "restart_policy"
)

const (
	// dying is how long the engine may take to see that what it killed is gone.
	dying     = 2 * time.Second
	lookEvery = 50 * time.Millisecond
	longRest  = 2 * time.Second
)

// End stops or kills containers, by its kind: that of package stop, or of
// package kill.
type End struct {
	Kind string
	Dir  string // of marks; "" = the system's folder for temporary files
}

func (d End) describe() faults.Kind {
	k := kill.Describe()
	if d.Kind == stop.Kind {
		k = stop.Describe()
	}
	k.Breaks = []spec.TargetKind{spec.ContainerKind}
	return k
}

// Plan notes which container it is and how it is well. One that the engine
// removes when it ends could not be started again: faults.ErrRefused.
func (d End) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	return faults.Planned(d.Kind, f, r, err)
}

func (d End) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	c, r, err := plan(ctx, d.describe(), f, t)
	if err != nil {
		return r, err
	}
	if err := noteWell(c, t, r); err != nil {
		return r, err
	}
	if d.Kind == stop.Kind {
		if f.With[stop.Escalate] == "false" {
			return r, fmt.Errorf("%w: the engine kills a container that outlasts its grace; leave %s out, or give more grace", faults.ErrRefused, stop.Escalate)
		}
		r.Undo[undoGrace] = stop.GraceOf(f.With)
	}
	r.Undo[undoPolicy] = c.HostConfig.RestartPolicy.Name
	return r, noteMark(r, d.Dir)
}

// noteWell has a receipt say how its container is well. One that the engine
// removes when it ends could not be made well again: faults.ErrRefused.
func noteWell(c docker.Container, t spec.Target, r faults.Receipt) error {
	if c.HostConfig.AutoRemove {
		return fmt.Errorf("%w: the engine removes container %s when it ends (--rm), so nobody could start it again; run it without", faults.ErrRefused, c.Name)
	}
	running.HealthOf(t).Note(r.Undo)
	if c.State.Healthy() || c.State.Health.Status == "starting" {
		r.Undo[undoHealthy] = "true"
	}
	return nil
}

// Inject ends the container. One that was started anew since the plan, or is
// started again by somebody else, is faults.ErrRefused.
func (d End) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = d.inject(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("injecting %s into %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

func (d End) inject(ctx context.Context, r faults.Receipt) error {
	b, err := boxOf(r)
	if err != nil {
		return err
	}
	c, err := b.whole(ctx)
	switch {
	case err != nil:
		return err
	case !c.State.Running:
		return nil
	case c.State.Paused:
		return fmt.Errorf("%w: container %s is paused; let it go on first", faults.ErrRefused, b.name)
	}
	if err := markOf(r).Set(b.name); err != nil {
		return err
	}
	if err := d.end(ctx, b, r); err != nil {
		return err
	}
	c, there, err := b.now(ctx)
	if err == nil && there && c.State.Running {
		err = b.again(c)
	}
	return err
}

func (d End) end(ctx context.Context, b box, r faults.Receipt) error {
	if d.Kind == stop.Kind {
		grace, err := time.ParseDuration(r.Undo[undoGrace])
		if err != nil {
			return fmt.Errorf("reading grace: %w", err)
		}
		return b.Stop(ctx, b.id, grace)
	}
	if err := b.Kill(ctx, b.id); err != nil && !errors.Is(err, docker.ErrConflict) {
		return err
	}
	// The engine has sent the signal, and sees the end a little later.
	for {
		c, there, err := b.now(ctx)
		if err == nil && (!there || !c.State.Running || c.State.StartedAt != b.started) {
			return nil
		}
		if !pause.For(ctx, lookEvery) {
			return fmt.Errorf("waiting for container %s to end: %w", b.name, errors.Join(ctx.Err(), err))
		}
	}
}

// Rollback starts the container unless it runs, and waits for its health. One
// that was removed meanwhile is left to whoever removed it.
func (d End) Rollback(ctx context.Context, r faults.Receipt) error {
	if err := d.rollback(ctx, r); err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

func (d End) rollback(ctx context.Context, r faults.Receipt) error {
	b, err := boxOf(r)
	if err != nil {
		return err
	}
	within := dying
	if grace := r.Undo[undoGrace]; grace != "" {
		long, err := time.ParseDuration(grace)
		if err != nil {
			return fmt.Errorf("reading grace: %w", err)
		}
		within += long
	}
	mark := markOf(r)
	err = mark.Settle(ctx, within, func() (bool, error) {
		c, there, err := b.now(ctx)
		return err == nil && (!there || !c.State.Running || c.State.StartedAt != b.started), err
	})
	if err == nil {
		err = b.revive(ctx, r)
	}
	if err == nil {
		err = mark.Clear()
	}
	return err
}

// revive starts the container unless it runs, and returns once it is well. It
// tries again until ctx ends.
func (b box) revive(ctx context.Context, r faults.Receipt) error {
	next, rest := time.Now(), lookEvery
	last := errors.New("it was not tried")
	for {
		c, there, err := b.now(ctx)
		switch {
		case err != nil:
			last = err
		case !there:
			return nil
		case !c.State.Running && !time.Now().Before(next):
			last = b.Start(ctx, b.id)
			next, rest = time.Now().Add(rest), min(2*rest, longRest)
			if last == nil {
				continue
			}
		case c.State.Running:
			if last = b.well(ctx, c, r); last == nil {
				return nil
			}
		}
		if !pause.For(ctx, lookEvery) {
			return fmt.Errorf("bringing container %s back (see its log): %w", b.name, errors.Join(ctx.Err(), last))
		}
	}
}

// well says why the container is not as it was.
func (box) well(ctx context.Context, c docker.Container, r faults.Receipt) error {
	if c.State.Restarting {
		return errors.New("the engine restarts it")
	}
	if r.Undo[undoHealthy] == "true" && !c.State.Healthy() {
		return fmt.Errorf("its own check says %s", strings.ToLower(c.State.Health.Status))
	}
	return running.NotedHealth(r).Well(ctx)
}

// Probe sees the fault where the container is there and does not run.
func (End) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	return probe(ctx, r, func(_ box, c docker.Container) bool { return !c.State.Running })
}
