// Package container breaks containers through the API of their engine: ends,
// freezes and disconnects them. What comes from within a container's control
// groups or network namespace is broken by the drivers of these, which find it
// here by the container's first process.
package container

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Keys of a receipt's Undo.
const (
	undoEngine  = "engine"
	undoID      = "container"
	undoName    = "name" // for people
	undoStarted = "started_at"
)

// box is the container that a receipt is of: by its id, and as it was started.
// Another one of the same name is not it.
type box struct {
	*docker.Client

	id, name, started string
}

// find finds a container that runs, for Plan. One that does not is
// faults.ErrRefused.
func find(ctx context.Context, t *spec.Container) (*docker.Client, docker.Container, error) {
	engine := t.Engine
	if engine == "" {
		engine = spec.DefaultEngine
	}
	client, err := docker.Open(engine)
	if err != nil {
		return nil, docker.Container{}, fmt.Errorf("%w: %w", faults.ErrRefused, err)
	}
	c, err := client.Inspect(ctx, t.Name)
	switch {
	case errors.Is(err, docker.ErrNotFound):
		err = fmt.Errorf("%w: there is no container %s; start it first: %w", faults.ErrRefused, t.Name, err)
	case err != nil:
	case !c.State.Running:
		err = fmt.Errorf("%w: container %s is %s, so nothing could be broken; start it first", faults.ErrRefused, t.Name, c.State.Status)
	case c.State.Restarting:
		err = fmt.Errorf("%w: the engine keeps restarting container %s; see its log", faults.ErrRefused, t.Name)
	case c.State.Paused:
		err = fmt.Errorf("%w: container %s is paused; let it go on first", faults.ErrRefused, t.Name)
	}
	return client, c, err
}

// plan is Plan for all faults of a container. The receipt has all but what the
// driver adds to its Undo.
func plan(ctx context.Context, kind faults.Kind, f spec.Fault, t spec.Target) (docker.Container, faults.Receipt, error) {
	fail := func(err error) (docker.Container, faults.Receipt, error) {
		return docker.Container{}, faults.Receipt{}, err
	}
	if err := kind.Check(f, t); err != nil {
		return fail(err)
	}
	client, c, err := find(ctx, t.Container)
	if err != nil {
		return fail(err)
	}
	boot, err := process.BootID()
	if err != nil {
		return fail(err)
	}
	return c, faults.Receipt{
		Kind: kind.Name, Target: string(f.Target), BootID: boot,
		Undo: map[string]string{undoEngine: client.Engine(), undoID: c.ID, undoName: c.Name, undoStarted: c.State.StartedAt},
	}, nil
}

// boxOf reads it back from a receipt.
func boxOf(r faults.Receipt) (box, error) {
	b := box{id: r.Undo[undoID], name: r.Undo[undoName], started: r.Undo[undoStarted]}
	if b.id == "" || b.started == "" {
		return b, fmt.Errorf("receipt %q names no container by its id and start", r.ID)
	}
	var err error
	b.Client, err = docker.Open(r.Undo[undoEngine])
	return b, err
}

// now is the container as it is; there is false where it was removed.
func (b box) now(ctx context.Context) (c docker.Container, there bool, err error) {
	c, err = b.Inspect(ctx, b.id)
	if errors.Is(err, docker.ErrNotFound) {
		return c, false, nil
	}
	return c, err == nil, err
}

// probe sees a fault by the state that its container is in. One that was
// removed has none.
func probe(ctx context.Context, r faults.Receipt, broken func(box, docker.Container) bool) (faults.Presence, error) {
	b, err := boxOf(r)
	var c docker.Container
	there := false
	if err == nil {
		c, there, err = b.now(ctx)
	}
	switch {
	case err != nil:
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	case there && broken(b, c):
		return faults.Present, nil
	}
	return faults.Absent, nil
}

// whole is now for an injection: a container that was removed, or was started
// anew since the plan, is faults.ErrRefused.
func (b box) whole(ctx context.Context) (docker.Container, error) {
	c, there, err := b.now(ctx)
	switch {
	case err != nil:
	case !there:
		err = b.removed()
	case c.State.Running && c.State.StartedAt != b.started:
		err = b.again(c)
	}
	return c, err
}

func (b box) removed() error {
	return fmt.Errorf("%w: container %s, id %.12s, was removed since this was planned", faults.ErrRefused, b.name, b.id)
}

// again says that somebody else started the container.
func (b box) again(c docker.Container) error {
	policy := c.HostConfig.RestartPolicy.Name
	if policy == "" {
		policy = "no"
	}
	return fmt.Errorf("%w: container %s was started again by somebody else since this was planned (its restart policy is %s); hold its supervisor off",
		faults.ErrRefused, b.name, policy)
}
