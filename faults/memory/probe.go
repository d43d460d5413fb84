package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
)

// settleWithin is how long a filler may take to see what ends it.
const settleWithin = time.Second

// Probe sees the fault where the filler runs and the memory is filled. As long
// as it is not, or no more, nobody can say: the filler follows. Where the kernel
// has killed one of the group the filler ends, and the fault is absent: what the
// target does since then is no answer to little memory.
func (d Driver) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	p, err := probe(ctx, r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return p, nil
}

func probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	a, err := aimOf(r)
	if err != nil {
		return faults.Unseen, err
	}
	for until := time.Now().Add(settleWithin); ; {
		s, err := inside.Doing(r)
		if err != nil {
			return faults.Unseen, err
		}
		if s == process.Gone {
			return faults.Absent, nil
		}
		killed, err := a.Group.OOMKills()
		if err != nil {
			return faults.Unseen, err
		}
		if killed == a.Kills {
			return a.seen()
		}
		if !time.Now().Before(until) || !pause.For(ctx, lookEvery) {
			return faults.Unseen, errKilled
		}
	}
}

// seen is what the usage says while the filler runs.
func (a aim) seen() (faults.Presence, error) {
	levels, err := a.levels(cgroup.FS{})
	if err != nil || len(levels) == 0 || !fullest(levels).filled() {
		return faults.Unseen, err
	}
	return faults.Present, nil
}
