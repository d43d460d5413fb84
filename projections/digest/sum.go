package digest

import (
	"math/bits"

	"github.com/zeebo/xxh3"
)

// Sum is the digest of one record: XXH3 of 128 bits over the forms of its
// values. It tells records apart that differ by accident, and is no proof
// against somebody who makes two alike on purpose.
type Sum struct{ Hi, Lo uint64 }

// Of digests the forms of a record's values.
func Of(forms []byte) Sum {
	h := xxh3.Hash128(forms)
	return Sum{Hi: h.Hi, Lo: h.Lo}
}

// OfRecord digests a record by the forms of its key and of its other values.
// Neither runs into the other, and the same values under two keys differ.
func OfRecord(key, values []byte) Sum {
	h := xxh3.Hash128Seed(values, xxh3.Hash(key))
	return Sum{Hi: h.Hi, Lo: h.Lo}
}

// Total is how many records there are, and their sums added modulo 2^128. A
// record that is there twice counts twice. The zero value is of no record; two
// totals of the same records are equal.
type Total struct {
	N   int64
	Sum Sum
}

// Add counts one record more.
func (t *Total) Add(s Sum) {
	t.N++
	t.Sum = plus(t.Sum, s)
}

// Merge counts the records of another total, too.
func (t *Total) Merge(o Total) {
	t.N += o.N
	t.Sum = plus(t.Sum, o.Sum)
}

func plus(a, b Sum) Sum {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(a.Hi, b.Hi, carry)
	return Sum{Hi: hi, Lo: lo}
}

// Buckets are totals by key: all records of one key are in one bucket, on
// whatever side they are read. Two sides are compared bucket by bucket, and
// what differs is read again, record by record. Make them with NewBuckets.
type Buckets []Total

// NewBuckets makes 2^power empty buckets, of 24 bytes each.
func NewBuckets(power int) Buckets { return make(Buckets, 1<<power) }

// Of is the number of the bucket that a key belongs to.
func (b Buckets) Of(key []byte) int { return int(xxh3.Hash(key) & uint64(len(b)-1)) } //nolint:gosec // below the length

// Merge counts the records of the other side's reader. Both have as many buckets.
func (b Buckets) Merge(o Buckets) {
	for i := range b {
		b[i].Merge(o[i])
	}
}

// Differ lists the buckets whose totals are not equal.
func (b Buckets) Differ(o Buckets) []int {
	var out []int
	for i := range b {
		if b[i] != o[i] {
			out = append(out, i)
		}
	}
	return out
}
