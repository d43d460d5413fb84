package agent

import (
	"context"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

const deadlineLook = 250 * time.Millisecond

// keepDeadlines undoes every fault whose life-time is over, whatever the log
// says, until ctx ends. It reads the ledger, not a memory of it.
func (a *Agent) keepDeadlines(ctx context.Context) {
	boot, err := ledger.BootID()
	if err != nil {
		a.Log.Error("reading the boot id: faults are undone by their deadline at once", "error", err)
	}
	for sleep(ctx, deadlineLook) {
		live, err := a.Ledger.Live(ctx)
		if err != nil && ctx.Err() == nil {
			a.Log.Error("reading the ledger", "error", err)
		}
		now := ledger.Boottime()
		a.mu.Lock()
		for _, r := range live {
			if ledger.Expired(r, now, boot) {
				a.undo(spec.ExperimentID(r.Experiment), spec.StepID(r.Step), events.Deadline)
			}
		}
		a.mu.Unlock()
	}
}
