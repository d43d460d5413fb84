package checks

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/k2-platform/faultline/projections/digest"
)

// slots is a filter of keys: of each slot it knows whether none, one or more
// keys fell into it. Many may add at a time.
type slots struct {
	one, more []uint64 // a bit for each slot
	mask      uint64
	any       atomic.Bool // a slot has more than one
	keyless   atomic.Int64
}

func newSlots(power int) *slots {
	words := max(1<<power/64, 1)
	return &slots{one: make([]uint64, words), more: make([]uint64, words), mask: uint64(words*64 - 1)} //nolint:gosec // above 0
}

func (s *slots) at(key digest.Sum) (word, bit uint64) {
	n := key.Lo & s.mask
	return n / 64, 1 << (n % 64)
}

func (s *slots) add(key digest.Sum, keyless bool) {
	if keyless {
		s.keyless.Add(1)
		return
	}
	word, bit := s.at(key)
	if atomic.OrUint64(&s.one[word], bit)&bit != 0 {
		atomic.OrUint64(&s.more[word], bit)
		s.any.Store(true)
	}
}

// shared says that the key's slot has more than one, which may be the same key.
// Nobody may add at the time.
func (s *slots) shared(key digest.Sum) bool {
	word, bit := s.at(key)
	return s.more[word]&bit != 0
}

// first is where to begin to hold keys; nil where no slot has more than one.
func (s *slots) first() *uint64 {
	if !s.any.Load() {
		return nil
	}
	return new(uint64)
}

// holder counts the keys whose digest is from from on. When it holds too many it
// lets go of the upper half, and whoever reads again begins there.
type holder struct {
	mu       sync.Mutex
	from, to uint64 // to is the last that is counted
	limit    int
	times    map[digest.Sum]int
	named    map[digest.Sum]string // of keys that were seen twice
}

func newHolder(from uint64, limit int) *holder {
	return &holder{from: from, to: math.MaxUint64, limit: limit, times: map[digest.Sum]int{}, named: map[digest.Sum]string{}}
}

func (h *holder) add(s digest.Sum, key []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Hi < h.from || s.Hi > h.to {
		return
	}
	h.times[s]++
	if h.times[s] == 2 && len(h.named) < Named {
		h.named[s] = told(key)
	}
	for len(h.times) > h.limit && h.to > h.from {
		h.to = h.from + (h.to-h.from)/2
		for k := range h.times {
			if k.Hi > h.to {
				delete(h.times, k)
				delete(h.named, k)
			}
		}
	}
}

func (h *holder) report(wrong *examples) {
	for s, n := range h.times {
		if n < 2 {
			continue
		}
		if name, ok := h.named[s]; ok {
			wrong.add("%s stands %d times", name, n)
		} else {
			wrong.n++
		}
	}
}

// next is where the next reading begins, nil after the last.
func (h *holder) next() *uint64 {
	if h.to == math.MaxUint64 {
		return nil
	}
	next := h.to + 1
	return &next
}
