package often_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults/often"
)

func anyOften(t *rapid.T) often.Often {
	return often.Often{
		Rate:  rapid.OneOf(rapid.Just(0.0), rapid.Just(1.0), rapid.Float64Range(0, 0.2)).Draw(t, "rate"),
		Every: rapid.IntRange(0, 9).Draw(t, "every"), First: rapid.IntRange(0, 3).Draw(t, "first"), Seed: rapid.Uint64().Draw(t, "seed"),
	}
}

// TestWhatPassesIsWhatNoneIsMetOf asks one gate for each candidate, and another
// one for many at a time first.
func TestWhatPassesIsWhatNoneIsMetOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := anyOften(t)
		each, many := often.NewGate(o), often.NewGate(o)
		for _, n := range rapid.SliceOf(rapid.IntRange(0, 20)).Draw(t, "batches") {
			met := 0
			for range n {
				if each.Hit() {
					met++
				}
			}
			passed := many.Pass(n)
			if passed != (met == 0) {
				t.Fatalf("of %d candidates %d are met, and they pass: %v", n, met, passed)
			}
			for range n * map[bool]int{false: 1}[passed] {
				many.Hit()
			}
			same(t, each, many)
		}
	})
}

// TestRecordsThatPassAreNotMet as above, for records. Those that may be met but
// come after the first ones are read for nothing.
func TestRecordsThatPassAreNotMet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := anyOften(t)
		each, many := often.NewGate(o), often.NewGate(o)
		for _, from := range rapid.SliceOf(rapid.Int64Range(0, 200)).Draw(t, "batches") {
			const n = 15
			met := 0
			for i := range int64(n) {
				if each.HitRecord("trades", 2, from+i) {
					met++
				}
			}
			passed := many.PassRecords("trades", 2, from, n)
			if met > 0 && passed || met == 0 && !passed && o.First == 0 {
				t.Fatalf("of %d records from %d on %d are met, and they pass: %v", n, from, met, passed)
			}
			for i := range int64(n * map[bool]int{false: 1}[passed]) {
				many.HitRecord("trades", 2, from+i)
			}
			same(t, each, many)
		}
	})
}

func same(t *rapid.T, a, b *often.Gate) {
	seen, met := a.Counts()
	if s, m := b.Counts(); s != seen || m != met {
		t.Fatalf("one gate has seen %d and met %d, the other %d and %d", seen, met, s, m)
	}
}

// TestTheDrawIsThatOfTheLibrary so that a seed gives what it gave before.
func TestTheDrawIsThatOfTheLibrary(t *testing.T) {
	g, r := often.NewGate(often.Often{Rate: 0.3, Seed: 7}), rand.New(rand.NewPCG(7, 0x9E3779B97F4A7C15)) //nolint:gosec // no secret
	for range 1000 {
		assert.Equal(t, r.Float64() < 0.3, g.Hit())
	}
}
