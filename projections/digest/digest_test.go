package digest_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/projections/digest"
)

func forms(price, quantity int64) []byte {
	return digest.AppendDecimal(digest.AppendDecimal(nil, 0, uint64(price)), 0, uint64(quantity))
}

func TestASwapIsSeen(t *testing.T) {
	assert.NotEqual(t, digest.Of(forms(36, 100)), digest.Of(forms(100, 36)))
}

func TestFormsDoNotRunIntoEachOther(t *testing.T) {
	one := digest.AppendText(digest.AppendText(nil, "ab"), "c")
	two := digest.AppendText(digest.AppendText(nil, "a"), "bc")
	assert.NotEqual(t, one, two)
	all := [][]byte{
		digest.AppendNull(nil), digest.AppendText(nil, ""), digest.AppendBytes(nil, ""), digest.AppendInexact(nil, ""), digest.AppendBool(nil, false),
		digest.AppendInt(nil, 0), digest.AppendDouble(nil, 0), digest.AppendInstant(nil, 0), digest.AppendDecimal(nil, 0, 0), digest.AppendBool(nil, true),
	}
	seen := map[string]bool{}
	for _, f := range all {
		assert.False(t, seen[string(f)], "%x", f)
		seen[string(f)] = true
	}
}

func TestDoublesThatATableHoldsAlike(t *testing.T) {
	assert.Equal(t, digest.AppendDouble(nil, 0), digest.AppendDouble(nil, math.Copysign(0, -1)))
	assert.Equal(t, digest.AppendDouble(nil, math.NaN()), digest.AppendDouble(nil, math.Float64frombits(0x7ff8000000000099)))
	assert.NotEqual(t, digest.AppendDouble(nil, 1), digest.AppendDouble(nil, math.Nextafter(1, 2)))
}

// TestTheOrderOfReadingIsNotSeen: the same records in any order and any split
// between readers have the same totals, and one more, one less or one changed
// differs in its own bucket.
func TestTheOrderOfReadingIsNotSeen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 8), 1, 60).Draw(rt, "keys")
		log := digest.NewBuckets(4)
		for i, k := range keys {
			log[log.Of(k)].Add(digest.Of(digest.AppendInt(digest.AppendText(nil, k), int64(i))))
		}
		order := rapid.Permutation(places(keys)).Draw(rt, "order")
		readers := []digest.Buckets{digest.NewBuckets(4), digest.NewBuckets(4)}
		odd := rapid.IntRange(-1, len(keys)-1).Draw(rt, "odd")
		times := rapid.SampledFrom([]int{0, 2}).Draw(rt, "times")
		for n, i := range order {
			b := readers[n%2]
			for range map[bool]int{true: times, false: 1}[i == odd] {
				b[b.Of(keys[i])].Add(digest.Of(digest.AppendInt(digest.AppendText(nil, keys[i]), int64(i))))
			}
		}
		table := digest.NewBuckets(4)
		for _, r := range readers {
			table.Merge(r)
		}
		if odd < 0 {
			require.Empty(rt, log.Differ(table))
			return
		}
		require.Equal(rt, []int{log.Of(keys[odd])}, log.Differ(table))
	})
}

func places(keys [][]byte) []int {
	out := make([]int, len(keys))
	for i := range keys {
		out[i] = i
	}
	return out
}
