package remote

import (
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// tenure is who owns an experiment, as this agent knows it, and until when its
// faults may stay without another word.
type tenure struct {
	owner halt.Owner
	beat  uint64
	lease time.Duration
	until time.Duration // on CLOCK_BOOTTIME
}

// leases outside these are a mistake of whoever asks.
const (
	shortestLease = 200 * time.Millisecond
	longestLease  = 10 * time.Minute
)

// errStale refuses an owner that was succeeded.
var errStale = errors.New("another controller owns the experiment since")

// Renew implements halt.Agent. Renewals of an owner that was succeeded, and
// those that were sent before, renew nothing.
func (a *Agent) Renew(r halt.Renewal) {
	if err := checkLease(r.Lease); err != nil {
		a.refused("all", "renew leases", r.Owner, err)
		return
	}
	now := ledger.Boottime()
	for _, e := range r.Experiments {
		a.mu.Lock()
		t, known := a.tenures[e]
		var err error
		switch {
		case !known:
			err = nil // none of its faults is here
		case r.Epoch < t.owner.Epoch || r.Epoch == t.owner.Epoch && r.Controller != t.owner.Controller:
			err = errStale
		case r.Epoch == t.owner.Epoch && r.Beat <= t.beat:
			err = fmt.Errorf("beat %d came before, the last one was %d", r.Beat, t.beat)
		default:
			a.tenures[e] = tenure{r.Owner, r.Beat, time.Duration(r.Lease), now + time.Duration(r.Lease)}
		}
		a.mu.Unlock()
		if err != nil {
			a.refused(e, "renew the lease", r.Owner, err)
		}
	}
}

func checkLease(d spec.Duration) error {
	if l := time.Duration(d); l < shortestLease || l > longestLease {
		return fmt.Errorf("a lease of %s: write %s to %s", d, shortestLease, longestLease)
	}
	return nil
}

// admit is called under a.mu. It says whether an owner may ask for anything
// of an experiment; a new owner is one that may.
func (a *Agent) admit(e spec.ExperimentID, o halt.Owner) error {
	t, known := a.tenures[e]
	if !known || o.Epoch > t.owner.Epoch || o == t.owner {
		return nil
	}
	return fmt.Errorf("%w: %s in epoch %d", errStale, t.owner.Controller, t.owner.Epoch)
}

// begin is called under a.mu. A request that is granted is the first word of
// its lease.
func (a *Agent) begin(q halt.Request) {
	t := a.tenures[q.Experiment]
	if q.Epoch > t.owner.Epoch {
		t = tenure{owner: q.Owner}
	}
	t.lease = time.Duration(q.Lease)
	t.until = max(t.until, ledger.Boottime()+t.lease)
	a.tenures[q.Experiment] = t
}
