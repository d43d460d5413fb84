package payload

import (
	"bytes"
	"fmt"
	"hash/fnv"
)

// flip turns one bit, counted from the most significant of the first byte; -1
// draws one. A value without bytes has none, and stays.
func flip(value []byte, bit int, seed uint64) ([]byte, error) {
	if len(value) == 0 {
		return value, nil
	}
	bits := 8 * len(value)
	if bit < 0 {
		bit = draw(value, seed, bits)
	}
	if bit >= bits {
		return nil, fmt.Errorf("there is no bit %d: the value has %d; ask for a lower one, or for -1, which is drawn", bit, bits)
	}
	out := bytes.Clone(value)
	out[bit/8] ^= 0x80 >> (bit % 8)
	return out, nil
}

// truncate keeps a part from the front, drawn: at least nothing, at most all
// but one byte. A value without bytes stays.
func truncate(value []byte, seed uint64) []byte {
	if len(value) == 0 {
		return value
	}
	n := draw(value, seed, len(value))
	return value[:n:n]
}

// draw gives a number below n by seed and value, so that the same record is
// corrupted the same way again, whatever was before it.
func draw(value []byte, seed uint64, n int) int {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d ", seed) // a hash takes all
	_, _ = h.Write(value)
	sum := h.Sum64()
	sum ^= sum >> 33 // the low bits of FNV are poor
	sum *= 0xff51afd7ed558ccd
	sum ^= sum >> 33
	return int(sum % uint64(n)) //nolint:gosec // n is positive and small
}
