// Package often says which of the things that a fault selects it meets: each,
// some by chance, each nth, the first ones.
package often

import (
	"encoding/binary"
	"hash/fnv"
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
	draw *rand.Rand
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

// HitRecord is Hit for a record that is read, by several or again and again:
// whether the fault meets it follows from where it stands, so that whoever
// reads it sees the same. Every is then of offsets.
func (g *Gate) HitRecord(topic string, partition int32, offset int64) bool {
	at := place{topic, partition, offset}
	lucky := at.share(g.often.Seed) < g.often.Rate
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen++
	if !lucky || (g.often.Every > 1 && (offset+1)%int64(g.often.Every) != 0) || !g.among(at) {
		return false
	}
	g.met++
	return true
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

// share draws a number from 0 to 1 for a place: FNV-1a, and the finalizer of
// SplitMix64, since FNV hardly spreads what differs in its last bytes.
func (p place) share(seed uint64) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.topic)) // it never fails
	var rest [20]byte
	binary.BigEndian.PutUint32(rest[:], uint32(p.partition)) //nolint:gosec // its bits
	binary.BigEndian.PutUint64(rest[4:], uint64(p.offset))   //nolint:gosec // its bits
	binary.BigEndian.PutUint64(rest[12:], seed)
	_, _ = h.Write(rest[:])
	z := h.Sum64()
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return float64((z^z>>31)>>11) / (1 << 53)
}

// Counts tells how many candidates were seen, and how many were met.
func (g *Gate) Counts() (seen, met int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen, g.met
}
