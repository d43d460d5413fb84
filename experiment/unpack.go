package experiment

import (
	"encoding/binary"
	"math"
	"time"
)

// unpacker takes off the front of rest what packer appended, until something
// is not as it should be.
type unpacker struct {
	rest string
	ok   bool
}

func (r *unpacker) number() uint64 {
	var head [binary.MaxVarintLen64]byte
	n, size := binary.Uvarint(head[:copy(head[:], r.rest)])
	if r.ok = r.ok && size > 0; !r.ok {
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// small is a number of a closed set.
func (r *unpacker) small() int { return r.upTo(math.MaxInt16) }

// count is how many values follow, each of which takes a byte at least.
func (r *unpacker) count() int {
	n := r.upTo(len(r.rest))
	if r.ok = r.ok && n <= len(r.rest); !r.ok {
		return 0
	}
	return n
}

// text shares the memory of what is read.
func (r *unpacker) text() string {
	n := r.count()
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *unpacker) time() time.Time {
	var head [binary.MaxVarintLen64]byte
	seconds, size := binary.Varint(head[:copy(head[:], r.rest)])
	if r.ok = r.ok && size > 0; !r.ok {
		return time.Time{}
	}
	r.rest = r.rest[size:]
	nanos := r.number()
	if r.ok = r.ok && nanos < uint64(time.Second); !r.ok {
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC() //nolint:gosec // below a second
}

// alike makes one piece of memory for all texts: they are dropped together.
func (r *unpacker) alike(before string) []string {
	ends := make([]int, r.count())
	var all []byte
	last := []byte(before)
	for i := range ends {
		same := r.upTo(min(len(last), mostAlike))
		from := len(all)
		all = append(append(all, last[:same]...), r.text()...)
		last, ends[i] = all[from:], len(all)
	}
	if !r.ok {
		return nil
	}
	whole, out, from := string(all), make([]string, len(ends)), 0
	for i, end := range ends {
		out[i], from = whole[from:end], end
	}
	return out
}

// upTo is a number up to most.
func (r *unpacker) upTo(most int) int {
	n := r.number()
	if r.ok = r.ok && n <= uint64(most); !r.ok { //nolint:gosec // never negative
		return 0
	}
	return int(n) //nolint:gosec // no more than most
}
