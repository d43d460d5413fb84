// Package pause stops a process from running (SIGSTOP) and lets it go on
// (SIGCONT). Connections stay open and unanswered, unlike with package stop.
package pause

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Kind is the name that documents use.
const Kind = "process.pause"

// Driver pauses processes. The zero value is ready.
type Driver struct{}

// Describe tells people about the fault.
func Describe() faults.Kind {
	return faults.Kind{
		Name: Kind, Risk: faults.Safe, Breaks: []spec.TargetKind{spec.ProcessKind},
		Summary: "stops the target's process from running (SIGSTOP), and lets it go on (SIGCONT)",
	}
}

// Plan notes the target's process by pid, start time and boot: a pid alone
// may be reused, and mending a stranger is a fault too.
func (Driver) Plan(_ context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	_, r, err := running.PlanSignal(Describe(), f, t)
	return r, err
}

// Inject pauses the process and waits until every thread of it stands still.
// A process that is gone cannot be paused: faults.ErrRefused.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = signal(r, syscall.SIGSTOP)
	}
	if errors.Is(err, process.ErrNotSame) {
		err = errors.Join(faults.ErrRefused, err)
	}
	if err != nil {
		return fmt.Errorf("pausing %s: %w", r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Present)
}

// Rollback lets the process go on. It sends the signal even when ctx has
// ended, since that takes no time; only the look afterwards does.
func (d Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	err := signal(r, syscall.SIGCONT)
	if errors.Is(err, process.ErrNotSame) {
		return nil // gone, and its pause with it
	}
	if err != nil {
		return fmt.Errorf("letting %s go on: %w", r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Absent)
}

// Probe sees the fault where every thread of the process stands still.
func (Driver) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	t, err := running.Of(r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	state, err := t.Process.Look()
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	switch state {
	case process.Paused:
		return faults.Present, nil
	case process.Running, process.Gone:
		return faults.Absent, nil
	}
	return faults.Unseen, nil
}

func signal(r faults.Receipt, sig syscall.Signal) error {
	t, err := running.Of(r)
	if err != nil {
		return err
	}
	return process.Signal(t.Process, sig)
}
