package force

import (
	"maps"
	"sync"
)

// Count is what came of a rule.
type Count struct {
	Seen    int    // candidates: frames, exchanges or records, see the package
	Met     int    // candidates that the fault was to meet
	Touched uint64 // records that it changed, and that were passed on so
	Skipped uint64 // candidates, or records, left as they were, by Why
	Unread  uint64 // values and batches that could not be read, and were left as they were
	// Why says how many were skipped or not read for which reason.
	Why map[string]uint64
}

// reasons bounds how many reasons are told apart.
const reasons = 32

type tally struct {
	mu    sync.Mutex
	count Count
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

func (a *active) count() Count {
	a.tally.mu.Lock()
	defer a.tally.mu.Unlock()
	c := a.tally.count
	c.Why = maps.Clone(c.Why)
	c.Seen, c.Met = a.gate.Counts()
	return c
}
