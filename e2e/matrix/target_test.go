//go:build failpoint

package matrix_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/faultstest/victim"
)

// target is what a fault breaks, and who watches it: all the time, whether it
// looks as it did when no fault was in place.
type target struct {
	victim victim.Victim
	whole  string

	mu      sync.Mutex
	now     string
	broken  bool
	changes []change
	stop    chan struct{}
	done    sync.WaitGroup
}

type change struct {
	at     time.Time
	broken bool
}

func watch(t *testing.T, v victim.Victim) *target {
	t.Helper()
	whole, err := v.Look()
	require.NoError(t, err)
	x := &target{victim: v, whole: whole, now: whole, stop: make(chan struct{})}
	x.done.Go(func() {
		tick := time.NewTicker(time.Millisecond) // one look that takes longer leaves ticks out
		defer tick.Stop()
		for {
			select {
			case <-x.stop:
				return
			case <-tick.C:
				x.look()
			}
		}
	})
	t.Cleanup(func() {
		close(x.stop)
		x.done.Wait()
	})
	return x
}

func (x *target) look() {
	now, err := x.victim.Look()
	if err != nil {
		return
	}
	broken := now != x.whole
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = now
	if broken != x.broken {
		x.broken = broken
		x.changes = append(x.changes, change{time.Now(), broken})
	}
}

func (x *target) isBroken() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.broken
}

// looks is what was seen of it last.
func (x *target) looks() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now
}

// goneAfter is how long after a moment, at which it was broken, the target
// was whole again; false where it was not broken then, or never was whole again.
func (x *target) goneAfter(at time.Time) (time.Duration, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	was := false
	for _, c := range x.changes {
		if c.at.Before(at) {
			was = c.broken
			continue
		}
		if was && !c.broken {
			return c.at.Sub(at), true
		}
		if !was {
			return 0, false
		}
	}
	return 0, false
}

// longest is the longest time that it was broken.
func (x *target) longest() time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out time.Duration
	for i, c := range x.changes {
		if !c.broken && i > 0 {
			out = max(out, c.at.Sub(x.changes[i-1].at))
		}
	}
	return out
}
