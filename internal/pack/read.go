package pack

import (
	"encoding/binary"
	"math"
	"time"
)

// Reader takes values off the front of Rest, in the order in which a Writer
// appended them. Once something is not as it should be, all that it gives is
// zero; Done tells. It never takes more memory than some hundred times Rest.
type Reader struct {
	Rest string
	bad  bool
}

// Done says that all of Rest was read, and well.
func (r *Reader) Done() bool { return r.Good() && r.Rest == "" }

// Good says that all was well so far.
func (r *Reader) Good() bool { return !r.bad }

// must notes what has to be, and says whether all was well so far.
func (r *Reader) must(be bool) bool {
	r.bad = r.bad || !be
	return !r.bad
}

// Number reads what Number wrote.
func (r *Reader) Number() uint64 {
	n, size := binary.Uvarint(r.head())
	return skip(r, n, size)
}

// head is where a number may be.
func (r *Reader) head() []byte { return []byte(r.Rest[:min(len(r.Rest), binary.MaxVarintLen64)]) }

func skip[N int64 | uint64](r *Reader, n N, size int) N {
	if !r.must(size > 0) {
		return 0
	}
	r.Rest = r.Rest[size:]
	return n
}

// UpTo reads a number that is at most most.
func (r *Reader) UpTo(most int) int {
	n := r.Number()
	if !r.must(n <= uint64(most)) { //nolint:gosec // never negative
		return 0
	}
	return int(n) //nolint:gosec // at most most
}

// Small reads a number of a small closed set.
func (r *Reader) Small() int { return r.UpTo(math.MaxInt16) }

// Count reads how many values follow, each of which takes a byte at least.
func (r *Reader) Count() int {
	n := r.UpTo(len(r.Rest))
	if !r.must(n <= len(r.Rest)) {
		return 0
	}
	return n
}

// Text reads what Text wrote. It shares the memory of Rest.
func (r *Reader) Text() string {
	n := r.Count()
	out := r.Rest[:n]
	r.Rest = r.Rest[n:]
	return out
}

// Time reads what Time wrote, in UTC.
func (r *Reader) Time() time.Time {
	seconds, size := binary.Varint(r.head())
	seconds = skip(r, seconds, size)
	nanos := r.UpTo(int(time.Second) - 1)
	if r.bad {
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}

// Alike reads what Alike wrote. The texts share one piece of memory.
func (r *Reader) Alike(before string) []string {
	ends := make([]int, r.Count())
	var all []byte
	last := []byte(before)
	for i := range ends {
		same := r.UpTo(min(len(last), mostAlike))
		from := len(all)
		all = append(append(all, last[:same]...), r.Text()...)
		last, ends[i] = all[from:], len(all)
	}
	if r.bad {
		return nil
	}
	whole, out, from := string(all), make([]string, len(ends)), 0
	for i, end := range ends {
		out[i], from = whole[from:end], end
	}
	return out
}
