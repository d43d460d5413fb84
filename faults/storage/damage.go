package storage

import (
	"io"
	"math/rand/v2"
	"slices"

	"github.com/k2-platform/faultline/faults/storage/object"
)

// How much a flip inverts: the head and tail, by which every format here is
// known, and some bytes between.
const (
	flipHead   = 4
	flipTail   = 8
	flipWithin = 16
)

// damaged reads what is left of an object of a size.
func damaged(r io.Reader, how string, size int64, seed uint64) io.Reader {
	if how == truncate {
		return io.LimitReader(r, size/2)
	}
	return &flipped{r: r, at: flips(size, seed)}
}

// flips are the offsets of the bytes that are inverted, in order.
func flips(size int64, seed uint64) []int64 {
	var at []int64
	for i := range min(flipHead, size) {
		at = append(at, i)
	}
	for i := max(size-flipTail, 0); i < size; i++ {
		at = append(at, i)
	}
	pick := rand.New(rand.NewPCG(seed, uint64(size))) //nolint:gosec // it is to be the same again
	for range min(flipWithin, size) {
		at = append(at, pick.Int64N(size))
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// flipped inverts all bits of the bytes at these offsets.
type flipped struct {
	r    io.Reader
	at   []int64
	read int64
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	for len(f.at) > 0 && f.at[0] < f.read+int64(n) {
		p[f.at[0]-f.read] ^= 0xff
		f.at = f.at[1:]
	}
	f.read += int64(n)
	return n, err
}

// measure reads an object once, for what it is and what it is to become.
func measure(r io.Reader, a asked, size int64) (was, now object.Form, err error) {
	if a.how == remove || a.how == old {
		was, err = object.Measure(r)
		if a.how == old {
			now = was
		}
		return was, now, err
	}
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		var err error
		now, err = object.Measure(damaged(in, a.how, size, a.seed))
		_, _ = io.Copy(io.Discard, in) // the half that is cut off
		done <- err
	}()
	was, err = object.Measure(io.TeeReader(r, out))
	_ = out.Close() // a pipe's never fails
	if broken := <-done; err == nil {
		err = broken
	}
	return was, now, err
}

// tail joins a reader to what it came from.
type tail struct {
	io.Reader
	io.Closer
}
