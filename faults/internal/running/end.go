package running

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
)

// ErrStillRuns says that the process was there when the time was up.
var ErrStillRuns = errors.New("the process still runs")

// End sends sig to the very process that was planned for and waits for its
// end; ErrStillRuns if ctx ends first. One that has ended already is no error.
func (t Target) End(ctx context.Context, sig syscall.Signal) error {
	if err := t.signal(ctx, sig); err != nil && !errors.Is(err, process.ErrNotSame) {
		return err
	}
	for {
		s, err := t.Process.Look()
		if err == nil && s == process.Gone {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("waiting for %s, pid %d, to end after %s: %w", t.Process.Name, t.Process.PID, sig,
				errors.Join(ErrStillRuns, ctx.Err(), err))
		}
		pause.For(ctx, lookEvery/4)
	}
}

func (t Target) signal(ctx context.Context, sig syscall.Signal) error {
	if t.Unit != "" {
		return t.signalUnit(ctx, sig)
	}
	return process.Signal(t.Process, sig)
}

// Confirm says that nothing started the target again, or for Plan's process
// that it was not replaced before the fault came.
func (t Target) Confirm() error {
	p, err := t.Stopped()
	if err == nil && p != faults.Present {
		err = fmt.Errorf("%w: %s was started again by somebody else; hold its supervisor off", faults.ErrRefused, t.Process.Name)
	}
	return err
}
