package remote

import (
	"context"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/ledger"
)

// keep renews a fault that would end by itself, for as long as this agent
// holds it and its owner's lease lives: of an agent that stands still, or is
// dead, the target lets it go. A fault that went all the same is undone, so that
// nobody takes it to have been there to the end. Faults of other drivers need
// no keeping.
func (a *Agent) keep(j *job, k faults.Keeper, r faults.Receipt) {
	tick := time.NewTicker(k.KeepEvery())
	defer tick.Stop()
	for {
		select {
		case <-a.ctx.Done():
			return
		case <-j.gone:
			return
		case <-tick.C:
		}
		if !a.holds(j) {
			return
		}
		try, cancel := context.WithTimeout(a.ctx, k.KeepEvery())
		err := k.Keep(try, r)
		cancel()
		if err == nil {
			continue
		}
		a.Log.Warn("keeping a fault", "receipt", r.ID, "kind", r.Kind, "target", r.Target, "error", err)
		if j.vanished() {
			a.mu.Lock()
			if j.state == halt.There {
				a.undo(j.experiment, j.step, cause{what: events.Failure, why: fmt.Sprintf("it went by itself: %v", err)})
			}
			a.mu.Unlock()
			return
		}
	}
}

// holds says whether a fault is this agent's to keep, now.
func (a *Agent) holds(j *job) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return j.state == halt.There && !j.undoing && ledger.Boottime() < a.tenures[j.experiment].until
}

// truly is called with the job's turn, before a fault is undone. One whose
// time is over may have gone since it was last kept.
func (j *job) truly(why cause) cause {
	if why.what == events.Planned && j.vanished != nil && j.vanished() {
		return cause{what: events.Failure, why: "it went by itself before its end"}
	}
	return why
}

func (a *Agent) vanished(d faults.Driver, r faults.Receipt, within time.Duration) bool {
	ctx, stop := context.WithTimeout(a.ctx, within)
	defer stop()
	got, err := d.Probe(ctx, r)
	return err == nil && got == faults.Absent
}
