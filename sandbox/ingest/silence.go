package ingest

import (
	"math"
	"sync"
	"time"
)

// remembered is how long a silence counts after its end: several scrapes, so
// that none of them misses it.
const remembered = 10 * time.Second

// silence is the time without an acknowledgement. Its zero value has not
// begun, and knows nothing.
type silence struct {
	mu   sync.Mutex
	last time.Time // newest acknowledgement; before the first, the start
	past []span    // ended, oldest first; each is longer than all that follow
}

type span struct {
	end    time.Time
	length time.Duration
}

// begin counts from now on, unless it counts already.
func (s *silence) begin(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.IsZero() {
		s.last = now
	}
}

// acked ends a silence and begins the next.
func (s *silence) acked(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.last.IsZero() {
		ended := span{now, now.Sub(s.last)}
		for n := len(s.past); n > 0 && s.past[n-1].length <= ended.length; n-- {
			s.past = s.past[:n-1]
		}
		s.past = append(s.past, ended)
	}
	s.last = now
	s.forget(now)
}

// longest is the longest silence, in seconds, that goes on or ended a short
// while ago. NaN, which is no reading, before begin.
func (s *silence) longest(now time.Time) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.IsZero() {
		return math.NaN()
	}
	s.forget(now)
	out := now.Sub(s.last)
	if len(s.past) > 0 {
		out = max(out, s.past[0].length)
	}
	return out.Seconds()
}

func (s *silence) forget(now time.Time) {
	for len(s.past) > 0 && now.Sub(s.past[0].end) > remembered {
		s.past = s.past[1:]
	}
}
