// Package digest makes what is sent comparable with what is stored. A value has
// one canonical form, whatever it was read from: a field of a record, a column
// of a table, a receipt. The forms of a record's values, one after the other in
// the order of the mapped columns, are what its Sum is taken of; sums are added,
// so that a total does not depend on the order in which records were read.
package digest

import (
	"encoding/binary"
	"math"
)

// kind begins the form of each value: values of two kinds are never equal, and
// no form is the beginning of another, so that forms can stand side by side.
type kind byte

const (
	null kind = iota + 1
	boolean
	integer
	double
	decimal
	instant
	text
	binaries
	inexact
)

// AppendNull appends that there is no value.
func AppendNull(dst []byte) []byte { return append(dst, byte(null)) }

// AppendBool appends a truth value.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, byte(boolean), 1)
	}
	return append(dst, byte(boolean), 0)
}

// AppendInt appends a whole number.
func AppendInt(dst []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, byte(integer)), uint64(v)) //nolint:gosec // its bits
}

// AppendDouble appends a floating point number. There is one zero and one NaN:
// a table does not tell those apart that a record does.
func AppendDouble(dst []byte, v float64) []byte {
	switch {
	case v == 0:
		v = 0
	case math.IsNaN(v):
		v = math.NaN()
	}
	return binary.BigEndian.AppendUint64(append(dst, byte(double)), math.Float64bits(v))
}

// AppendDecimal appends a decimal number by its unscaled value at the scale of
// its column, a two's complement of 128 bits.
func AppendDecimal(dst []byte, hi int64, lo uint64) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, byte(decimal)), uint64(hi)) //nolint:gosec // its bits
	return binary.BigEndian.AppendUint64(dst, lo)
}

// AppendInstant appends a moment, in microseconds since 1970 in UTC.
func AppendInstant(dst []byte, micros int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, byte(instant)), uint64(micros)) //nolint:gosec // its bits
}

// AppendText appends a text.
func AppendText[T ~string | ~[]byte](dst []byte, v T) []byte { return appendLong(dst, text, v) }

// AppendBytes appends bytes that are no text.
func AppendBytes[T ~string | ~[]byte](dst []byte, v T) []byte { return appendLong(dst, binaries, v) }

// AppendInexact appends a value that its column cannot hold as it was sent, such
// as a decimal with more digits than the scale: written as text, and equal to no
// stored value.
func AppendInexact[T ~string | ~[]byte](dst []byte, v T) []byte { return appendLong(dst, inexact, v) }

func appendLong[T ~string | ~[]byte](dst []byte, k kind, v T) []byte {
	dst = binary.AppendUvarint(append(dst, byte(k)), uint64(len(v)))
	return append(dst, v...)
}
