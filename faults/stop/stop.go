// Package stop ends a process the orderly way, with SIGTERM, and starts it
// again. It kills only where the document says so; see package kill.
package stop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Kind is the name that documents use.
const Kind = "process.stop"

// Escalate is the parameter by which a document has a deaf target killed.
const Escalate = "escalate"

const (
	grace        = "grace"
	defaultGrace = "10s"
)

// Driver stops processes. The zero value is ready.
type Driver struct{}

// Describe tells people about the fault.
func Describe() faults.Kind {
	return faults.Kind{
		Name: Kind, Risk: faults.Caution, Breaks: []spec.TargetKind{spec.ProcessKind},
		Summary: "asks the target's process to end (SIGTERM), and starts it again by its recorded command",
		Parameters: []faults.Parameter{
			{Name: grace, Default: defaultGrace, Summary: "how long the process may take to end", Check: checkGrace},
			{Name: Escalate, Default: "false", Summary: "true: kill it (SIGKILL) when the grace is over", Check: checkEscalate},
		},
	}
}

func checkGrace(value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is no length of time: write how long, such as %s", value, defaultGrace)
	}
	return nil
}

func checkEscalate(value string) error {
	if value != "true" && value != "false" {
		return fmt.Errorf("%q is neither: write true or false", value)
	}
	return nil
}

// Plan notes the target's process and how it is started.
func (Driver) Plan(_ context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := running.PlanEnd(Describe(), f, t)
	if err != nil {
		return faults.Receipt{}, err
	}
	r.Undo[grace], r.Undo[Escalate] = GraceOf(f.With), f.With[Escalate]
	return r, nil
}

// GraceOf is how long a target may take to end, as a document says it.
func GraceOf(with map[string]string) string { return cmp.Or(with[grace], defaultGrace) }

// Inject asks the process to end and waits until it has. One that outlasts
// its grace is an error, and may end later: roll it back all the same.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	if err := d.inject(ctx, r); err != nil {
		return fmt.Errorf("stopping %s: %w", r.Target, err)
	}
	return nil
}

func (Driver) inject(ctx context.Context, r faults.Receipt) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := running.Of(r)
	if err != nil {
		return err
	}
	within, err := time.ParseDuration(r.Undo[grace])
	if err != nil {
		return fmt.Errorf("reading grace: %w", err)
	}
	state, err := t.Process.Look()
	if err != nil {
		return err
	}
	if state == process.Paused {
		// It would keep the signal and end when it goes on: after the rollback.
		return fmt.Errorf("%w: the process is paused; let it go on first", faults.ErrRefused)
	}
	patience, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err = t.EndMarked(patience, syscall.SIGTERM)
	if errors.Is(err, running.ErrStillRuns) && ctx.Err() == nil {
		if r.Undo[Escalate] != "true" {
			return fmt.Errorf("its grace of %s is over; give it more, or set escalate: \"true\": %w", within, err)
		}
		err = t.End(ctx, syscall.SIGKILL)
	}
	if err != nil {
		return err
	}
	return t.Confirm()
}

// Rollback starts the target unless it runs, and waits for its health.
func (Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	t, err := running.Of(r)
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	within, err := time.ParseDuration(r.Undo[grace])
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: reading grace: %w", r.Kind, r.Target, err)
	}
	return t.ReviveMarked(ctx, within)
}

// Probe sees the fault where no process of the target runs.
func (Driver) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	t, err := running.Of(r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return t.Stopped()
}
