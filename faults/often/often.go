// Package often says which of the things that a fault selects it meets: each,
// some by chance, each nth, the first ones.
package often

import (
	"math/rand/v2"
	"sync"
)

// Often says which of the selected ones a fault meets: all of the conditions
// that are set must hold. The zero value meets none; Always meets all.
type Often struct {
	Rate  float64 // probability, from 0 to 1
	Every int     // the nth, 2nth, …; 0 and 1 are each. Of records that are read: by offset
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
	draw rand.PCG
	seen int
	met  int
	// first are the records that a fault with Often.First has met: so many of
	// them at most.
	first map[place]struct{}
}

// place is where a record stands.
type place struct {
	topic     string
	partition int32
	offset    int64
}

// NewGate begins to count.
func NewGate(o Often) *Gate {
	return &Gate{often: o, draw: *rand.NewPCG(o.Seed, 0x9E3779B97F4A7C15)}
}

// Hit takes the next candidate and says whether the fault meets it.
func (g *Gate) Hit() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen++
	if !g.lucky(&g.draw, g.seen) {
		return false
	}
	g.met++
	return true
}

// lucky draws for the nth candidate: for each, so that other conditions do not
// shift the stream.
func (g *Gate) lucky(draw *rand.PCG, n int) bool {
	lucky := float64(draw.Uint64()<<11>>11)/(1<<53) < g.often.Rate // as rand.Float64 does, which would cost an allocation
	return lucky && (g.often.Every <= 1 || n%g.often.Every == 0) && (g.often.First == 0 || g.met < g.often.First)
}

// HitRecord is Hit for a record that is read, by several or again and again:
// whether the fault meets it follows from where it stands, so that whoever
// reads it sees the same. Every is then of offsets.
func (g *Gate) HitRecord(topic string, partition int32, offset int64) bool {
	lucky := g.often.record(spotOf(topic, partition), offset)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen++
	if !lucky || !g.among(place{topic, partition, offset}) {
		return false
	}
	g.met++
	return true
}

// record says whether a record may be met, by where it stands.
func (o Often) record(at spot, offset int64) bool {
	if o.Every > 1 && (offset+1)%int64(o.Every) != 0 {
		return false
	}
	return o.Rate >= 1 || (o.Rate > 0 && at.share(offset, o.Seed) < o.Rate)
}

// among says whether a record is one of the first that are met.
func (g *Gate) among(at place) bool {
	if _, ok := g.first[at]; ok || g.often.First == 0 {
		return true
	}
	if len(g.first) >= g.often.First {
		return false
	}
	if g.first == nil {
		g.first = map[place]struct{}{}
	}
	g.first[at] = struct{}{}
	return true
}

// Counts tells how many candidates were seen, and how many were met.
func (g *Gate) Counts() (seen, met int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen, g.met
}
