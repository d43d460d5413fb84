package rule

import (
	"math/rand/v2"
	"sync"
)

// Often says which of the selected ones a fault meets: all of the conditions
// that are set must hold. The zero value meets none; Always meets all.
type Often struct {
	Rate  float64 // probability, from 0 to 1
	Every int     // the nth, 2nth, …; 0 and 1 are each
	First int     // no more than so many in all; 0 is without end
	Seed  uint64  // of the draw; the same stream of candidates gives the same answers
}

// Always meets each one.
func Always() Often { return Often{Rate: 1} }

// Gate counts candidates and says which are met. It is safe for concurrent
// use; the order in which concurrent connections come is theirs.
type Gate struct {
	often Often

	mu   sync.Mutex
	draw *rand.Rand
	seen int
	met  int
}

// NewGate begins to count.
func NewGate(o Often) *Gate {
	return &Gate{often: o, draw: rand.New(rand.NewPCG(o.Seed, 0x9E3779B97F4A7C15))} //nolint:gosec // a fault that can be repeated, no secret
}

// Hit takes the next candidate and says whether the fault meets it.
func (g *Gate) Hit() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen++
	lucky := g.draw.Float64() < g.often.Rate // drawn for each, so that other conditions do not shift the stream
	if !lucky || (g.often.Every > 1 && g.seen%g.often.Every != 0) || (g.often.First > 0 && g.met >= g.often.First) {
		return false
	}
	g.met++
	return true
}

// Counts tells how many candidates were seen, and how many were met.
func (g *Gate) Counts() (seen, met int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen, g.met
}
