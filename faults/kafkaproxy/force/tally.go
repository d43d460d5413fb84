package force

import (
	"maps"
	"sync"

	"github.com/k2-platform/faultline/faults/control"
)

// reasons bounds how many reasons are told apart.
const reasons = 32

type tally struct {
	mu    sync.Mutex
	count control.Count
}

func (t *tally) touched(n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count.Touched += n
}

func (t *tally) skipped(n uint64, why string) {
	if n == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count.Skipped += n
	t.because(n, why)
}

func (t *tally) unread(n uint64, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count.Unread += n
	t.because(n, why)
}

func (t *tally) because(n uint64, why string) {
	if t.count.Why == nil {
		t.count.Why = map[string]uint64{}
	}
	if _, ok := t.count.Why[why]; !ok && len(t.count.Why) >= reasons {
		why = "other reasons"
	}
	t.count.Why[why] += n
}

func (a *active) count() control.Count {
	a.tally.mu.Lock()
	defer a.tally.mu.Unlock()
	c := a.tally.count
	c.Why = maps.Clone(c.Why)
	seen, met := a.gate.Counts()
	c.Seen, c.Met = uint64(seen), uint64(met) //nolint:gosec // they count from 0 on
	return c
}
