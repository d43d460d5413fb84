package audit

import (
	"math/bits"
	"sync/atomic"

	"github.com/k2-platform/faultline/projections/digest"
)

const (
	// twiceWords is how many words of 64 bits the filter has at most: 64 MiB.
	twiceWords = 8 << 20
	// twiceBits is how many bits a key sets in its word.
	twiceBits = 5
)

// twice finds keys that stand in the log more than once: a topic that has a
// record twice, and a table that has it twice, have the same digests. It never
// misses one, and takes few others for one: those are looked at again, and
// found to be right. It is a Bloom filter whose keys set the bits of one word,
// so that of two workers with the same key one sees what the other did.
type twice struct{ words []uint64 }

// newTwice makes a filter for so many records.
func newTwice(records int64) *twice {
	n := max(records, 1)
	words := 1 << bits.Len64(uint64(n-1))
	return &twice{words: make([]uint64, min(words, twiceWords))}
}

// add says whether the key may have been added before.
func (t *twice) add(key digest.Sum) bool {
	var mask uint64
	for i, h := 0, key.Hi; i < twiceBits; i++ {
		mask |= 1 << (h & 63)
		h >>= 6
	}
	at := key.Lo & uint64(len(t.words)-1) //nolint:gosec // a length, less one
	return atomic.OrUint64(&t.words[at], mask)&mask == mask
}

// maybe says whether a key may have been added.
func (t *twice) maybe(key digest.Sum) bool {
	var mask uint64
	for i, h := 0, key.Hi; i < twiceBits; i++ {
		mask |= 1 << (h & 63)
		h >>= 6
	}
	return atomic.LoadUint64(&t.words[key.Lo&uint64(len(t.words)-1)])&mask == mask //nolint:gosec // a length, less one
}
