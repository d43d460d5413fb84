package often_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults/often"
)

// TestARecordThatIsReadAgainIsMetAgain in whatever order, and by whatever gate
// of the same rule: first is of one gate.
func TestARecordThatIsReadAgainIsMetAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := often.Often{
			Rate: rapid.Float64Range(0, 1).Draw(t, "rate"), Every: rapid.IntRange(0, 3).Draw(t, "every"),
			First: rapid.IntRange(0, 5).Draw(t, "first"), Seed: rapid.Uint64().Draw(t, "seed"),
		}
		g, met := often.NewGate(o), map[int64]bool{}
		for _, offset := range rapid.SliceOf(rapid.Int64Range(0, 20)).Draw(t, "reads") {
			hit := g.HitRecord("t", 1, offset)
			if before, ok := met[offset]; ok && before != hit {
				t.Fatalf("offset %d was met: %v, and then: %v", offset, before, hit)
			}
			met[offset] = hit
			if o.First == 0 && often.NewGate(o).HitRecord("t", 1, offset) != hit {
				t.Fatalf("offset %d is met by one gate and not by another", offset)
			}
		}
		n := 0
		for _, hit := range met {
			if hit {
				n++
			}
		}
		if o.First > 0 && n > o.First {
			t.Fatalf("%d records were met, want %d at most", n, o.First)
		}
	})
}

func TestARateOfRecordsIsThatRate(t *testing.T) {
	for _, rate := range []float64{0, 0.01, 0.1, 0.5, 1} {
		g := often.NewGate(often.Often{Rate: rate, Seed: 3})
		const n = 20_000
		for i := range n {
			g.HitRecord("trades", int32(i%6), int64(i/6))
		}
		_, met := g.Counts()
		assert.InDelta(t, rate, float64(met)/n, 0.01, "rate %v", rate)
	}
}

func TestPartitionsAndSeedsDrawApart(t *testing.T) {
	draw := func(topic string, partition int32, seed uint64) (out []bool) {
		g := often.NewGate(often.Often{Rate: 0.5, Seed: seed})
		for i := range int64(64) {
			out = append(out, g.HitRecord(topic, partition, i))
		}
		return out
	}
	same := draw("a", 0, 0)
	assert.NotEqual(t, same, draw("b", 0, 0))
	assert.NotEqual(t, same, draw("a", 1, 0))
	assert.NotEqual(t, same, draw("a", 0, 1))
}
