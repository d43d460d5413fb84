package remote

import (
	"context"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// watch looks, again and again until ctx ends, for what nobody may have to
// tell: a life-time that is over, an owner that is silent, a halt file, a
// reaper that died. The heartbeat comes from this loop, so that an agent whose
// loop stands still is a silent one.
func (a *Agent) watch(ctx context.Context) {
	next, forgot := time.NewTimer(look), time.Now()
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		case <-a.begun:
		}
		if a.quiet() {
			next.Reset(lookSeldom)
		} else {
			next.Reset(look)
		}
		a.ensureReaper(ctx)
		now := ledger.Boottime()
		a.lapse(now)
		a.expire(ctx, now)
		a.obeyFile()
		if time.Since(forgot) >= forgetEvery {
			a.forget()
			forgot = time.Now()
		}
	}
}

// quiet says whether there is no job to look after.
func (a *Agent) quiet() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.jobs) == 0
}

// expire undoes every receipt whose life-time is over, whatever anybody says.
// It reads the ledger, not a memory of it.
func (a *Agent) expire(ctx context.Context, now time.Duration) {
	if a.quiet() {
		return // what an earlier life left was undone before
	}
	live, err := a.Ledger.Live(ctx)
	if err != nil && ctx.Err() == nil {
		a.Log.Error("reading the ledger", "error", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range live {
		if ledger.Expired(r, now, a.boot) {
			a.undo(spec.ExperimentID(r.Experiment), spec.StepID(r.Step), cause{what: events.Deadline, why: "its life-time is over"})
		}
	}
}

// lapse undoes the faults of every owner that is silent for longer than its
// lease.
func (a *Agent) lapse(now time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range a.jobs {
		if t := a.tenures[j.experiment]; j.state != halt.Gone && now >= t.until {
			a.undo(j.experiment, j.step, cause{what: events.Lease, why: "its controller " + t.owner.Controller + " is silent"})
		}
	}
}

// obeyFile halts everything while the halt file is there.
func (a *Agent) obeyFile() {
	h, there := a.haltFile()
	if !there {
		return
	}
	if latch, ok := a.Ledger.Latched(); ok && latch.ID == h.ID {
		return
	}
	a.wait.Go(func() {
		a.Halt(a.ctx, halt.Order{ID: h.ID, Cause: halt.ByOperator, By: h.By, Why: h.Why, At: h.At})
	})
}

func (a *Agent) haltFile() (ledger.Halt, bool) {
	if a.HaltFile == "" {
		return ledger.Halt{}, false
	}
	return ledger.HaltFile(a.HaltFile)
}

// ensureReaper starts a reaper where there is none that lives.
func (a *Agent) ensureReaper(ctx context.Context) {
	a.mu.Lock()
	reaper, holds := a.reaper, len(a.jobs) > 0
	a.mu.Unlock()
	if reaper != nil {
		select {
		case <-reaper.Done():
			a.Log.Error("the reaper died: nothing is injected until there is another")
		default:
			reaper.Beat(holds)
			return
		}
	}
	a.mu.Lock()
	a.reaper = nil
	a.mu.Unlock()
	next, err := a.Watch(ctx)
	if err != nil {
		if a.again("reaper", time.Now()) {
			a.Log.Error("nothing can be injected", "error", err)
		}
		return
	}
	a.mu.Lock()
	a.reaper = next
	a.mu.Unlock()
}

// forget drops what is long over.
func (a *Agent) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	used := map[spec.ExperimentID]bool{}
	for id, j := range a.jobs {
		if j.state == halt.Gone {
			delete(a.jobs, id) // its tombstone knows it
			continue
		}
		used[j.experiment] = true
	}
	for id := range a.tenures {
		if !used[id] && ledger.Boottime() > a.tenures[id].until+time.Hour {
			delete(a.tenures, id)
		}
	}
	clear(a.told)
}

// again says whether something may be told once more: at most every few
// seconds.
func (a *Agent) again(what string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.told[what]) < tellEvery {
		return false
	}
	a.told[what] = now
	return true
}

const tellEvery = 5 * time.Second
