package handlers

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/failpoint"
)

// Appender writes a batch to the log. It returns once the log has it, which
// does not mean that it was accepted.
type Appender interface {
	Append(ctx context.Context, b events.Batch, traceParent string) error
}

// Decider turns commands into batches.
type Decider struct {
	Log      *Log
	Appender Appender
}

// Decide answers one command and returns once its consequences stand in the
// log, accepted, so that a command that was acknowledged is never lost. When
// another decider was quicker it decides again, on what that one left. A log
// that cannot be written or read is no fault of the command's: its error is
// spared.
func (d Decider) Decide(ctx context.Context, c commands.Envelope) error {
	for {
		s := d.Log.State(c.Experiment)
		out, err := experiment.Decide(s, c)
		if err != nil {
			return fmt.Errorf("deciding %s for experiment %s: %w", commands.TypeOf(c.Command), c.Experiment, err)
		}
		if len(out) == 0 {
			return nil
		}
		b := events.Batch{Experiment: c.Experiment, Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out}
		reach(failpoint.Decided, out)
		if err := d.Appender.Append(ctx, b, c.TraceParent); err != nil {
			return poison.Spare(fmt.Errorf("appending batch %d of experiment %s: %w", b.Version, b.Experiment, err))
		}
		settled, err := d.Log.Await(ctx, c.Experiment, func(now experiment.State) bool { return now.Version >= b.Version })
		if err != nil {
			return poison.Spare(fmt.Errorf("waiting for batch %d of experiment %s to be accepted: %w", b.Version, b.Experiment, err))
		}
		reach(failpoint.Logged, out)
		if settled.Handled(c.ID) {
			return nil
		}
	}
}

func reach(at func(eventType string) failpoint.Point, out []events.Event) {
	for _, e := range out {
		failpoint.Reach(at(events.TypeOf(e)))
	}
}
