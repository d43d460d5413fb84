package pod

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/pause"
	rest "github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Halt stops all processes of a container from running (SIGSTOP), and lets
// them go on. Its pod must run on this machine; once planned, the cluster is
// asked nothing. The zero value is ready.
//
// It sends signals, and leaves the kernel's freezer alone: what is frozen by
// version 1 of that cannot be killed by its node, either.
type Halt struct{}

// Plan notes the container by its id, and its first process.
func (d Halt) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", pause.Kind, f.Target, err)
	}
	return r, nil
}

func (Halt) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	kind := pause.Describe()
	kind.Breaks = []spec.TargetKind{spec.PodKind}
	var on onNode
	_, r, err := inside.Plan(ctx, keeping{&on}, kind, f, t)
	if err != nil {
		return r, err
	}
	on.note(r)
	r.Undo[undoContainer], r.Undo[undoID] = on.container.name, on.container.id
	all, err := members(on.container.id)
	if err != nil {
		return r, err
	}
	for _, p := range all {
		if p.State() == process.Paused {
			return r, fmt.Errorf("%w: pid %d of container %s of pod %s is paused; let it go on first", faults.ErrRefused, p.PID, on.container.name, on.found)
		}
		if err := process.Signal(p, 0); errors.Is(err, os.ErrPermission) {
			return r, fmt.Errorf("%w: %w; run the agent as root on the node", faults.ErrRefused, err)
		}
	}
	return r, nil
}

// keeping is Found, and keeps what it found.
type keeping struct{ on *onNode }

// Find implements inside.Finder.
func (k keeping) Find(ctx context.Context, _ faults.Kind, _ spec.Fault, t spec.Target) (p process.Record, err error) {
	*k.on, err = local(ctx, *t.Pod)
	return k.on.process, err
}

// Inject stops the container's processes, those that begin meanwhile too. One
// whose first process is gone is faults.ErrRefused.
func (d Halt) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = d.inject(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("pausing %s: %w", r.Target, err)
	}
	return nil
}

func (Halt) inject(ctx context.Context, r faults.Receipt) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	p, err := inside.Target(r)
	if err == nil {
		err = inside.Alive(p)
	}
	if err != nil {
		return err
	}
	// What runs may begin another one until it stands still: it is told so until
	// a look finds none that runs.
	for {
		n, err := countOf(id)
		switch {
		case err != nil:
			return err
		case n.all == 0:
			return fmt.Errorf("%w: container %.12s has ended since this was planned", faults.ErrRefused, id)
		case len(n.running) == 0:
			return nil
		}
		if err := tell(n.running, syscall.SIGSTOP); err != nil {
			return err
		}
		if !rest.For(ctx, lookSoon) {
			return fmt.Errorf("%d of its %d processes still run: %w", len(n.running), n.all, ctx.Err())
		}
	}
}

// Rollback lets all processes of the container go on. It sends the signals
// even when ctx has ended, since that takes no time; only the look afterwards does.
func (d Halt) Rollback(ctx context.Context, r faults.Receipt) error {
	id, err := idOf(r)
	var all []process.Record
	if err == nil {
		all, err = members(id)
	}
	if err == nil {
		err = tell(all, syscall.SIGCONT)
	}
	if err != nil {
		return fmt.Errorf("letting %s go on: %w", r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Absent)
}

// Probe sees the fault where all processes of the container stand still, and
// sees none where all run, or none is there.
func (Halt) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	id, err := idOf(r)
	var n count
	if err == nil {
		n, err = countOf(id)
	}
	switch {
	case err != nil:
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	case n.all == len(n.running):
		return faults.Absent, nil
	case len(n.running) == 0:
		return faults.Present, nil
	}
	return faults.Unseen, nil
}

func idOf(r faults.Receipt) (string, error) {
	id := r.Undo[undoID]
	if len(id) < shortestID {
		return "", fmt.Errorf("receipt %q names no container by its id", r.ID)
	}
	return id, nil
}

// count is how many processes of a container are there, and which of them run.
type count struct {
	all     int
	running []process.Record
}

func countOf(id string) (count, error) {
	all, err := members(id)
	var n count
	for _, p := range all {
		var s process.State
		if err == nil {
			s, err = p.Look()
		}
		switch s {
		case process.Running:
			n.all, n.running = n.all+1, append(n.running, p)
		case process.Paused:
			n.all++
		case process.Gone:
		}
	}
	return n, err
}

// tell sends a signal to processes; one that has ended needs none.
func tell(all []process.Record, sig syscall.Signal) error {
	var problems []error
	for _, p := range all {
		if err := process.Signal(p, sig); err != nil && !errors.Is(err, process.ErrNotSame) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
