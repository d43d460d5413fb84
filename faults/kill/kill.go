// Package kill ends a process with SIGKILL, as a crash would, and starts it
// again. It gives no warning; see package stop for the orderly way.
package kill

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/spec"
)

// Kind is the name that documents use.
const Kind = "process.kill"

// dying is how long a killed process may take to be gone.
const dying = 2 * time.Second

// Driver kills processes. The zero value is ready.
type Driver struct{}

// Describe tells people about the fault.
func Describe() faults.Kind {
	return faults.Kind{
		Name: Kind, Risk: faults.Caution, Breaks: []spec.TargetKind{spec.ProcessKind},
		Summary: "kills the target's process (SIGKILL), and starts it again by its recorded command",
	}
}

// Plan notes the target's process and how it is started.
func (Driver) Plan(_ context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	return running.PlanEnd(Describe(), f, t)
}

// Inject kills the process and waits until it is gone.
func (Driver) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	t, bad := running.Of(r)
	if err == nil {
		err = bad
	}
	if err == nil {
		err = t.EndMarked(ctx, syscall.SIGKILL)
	}
	if err == nil {
		err = t.Confirm()
	}
	if err != nil {
		return fmt.Errorf("killing %s: %w", r.Target, err)
	}
	return nil
}

// Rollback starts the target unless it runs, and waits for its health.
func (Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	t, err := running.Of(r)
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	return t.ReviveMarked(ctx, dying)
}

// Probe sees the fault where no process of the target runs.
func (Driver) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	t, err := running.Of(r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return t.Stopped()
}
