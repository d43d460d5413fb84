package digest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
)

// ErrForm is that bytes are no canonical form of a value.
var ErrForm = errors.New("not the form of a value")

// Value is one value read back from its form. The zero value is none at all,
// and null is a value. It is valid as long as the bytes that it was read from.
type Value struct {
	kind kind
	rest []byte // of its form, without kind and length
}

// Next reads the first value of forms, and gives what follows it.
func Next(forms []byte) (Value, []byte, error) {
	if len(forms) == 0 {
		return Value{}, nil, fmt.Errorf("reading a value: %w: there are no more bytes", ErrForm)
	}
	v, after := Value{kind: kind(forms[0])}, forms[1:]
	length := uint64(0)
	switch v.kind {
	case null:
	case boolean:
		length = 1
	case integer, double, instant:
		length = 8
	case decimal:
		length = 16
	case text, binaries, inexact:
		n, width := binary.Uvarint(after)
		if width <= 0 {
			return Value{}, nil, fmt.Errorf("reading a value of kind %d: %w: it has no length", v.kind, ErrForm)
		}
		length, after = n, after[width:]
	default:
		return Value{}, nil, fmt.Errorf("reading a value: %w: there is no kind %d", ErrForm, v.kind)
	}
	if length > uint64(len(after)) {
		return Value{}, nil, fmt.Errorf("reading a value of kind %d: %w: it has %d bytes of %d", v.kind, ErrForm, len(after), length)
	}
	v.rest = after[:length]
	return v, after[length:], nil
}

// Null says that there is no value.
func (v Value) Null() bool { return v.kind == null }

// Inexact says that its column cannot hold the value as it was sent.
func (v Value) Inexact() bool { return v.kind == inexact }

// Int is a whole number; false for any other value.
func (v Value) Int() (int64, bool) { return v.long(), v.kind == integer }

// Instant is a moment, in microseconds since 1970 in UTC.
func (v Value) Instant() (int64, bool) { return v.long(), v.kind == instant }

// Decimal is an unscaled value, in two's complement of 128 bits.
func (v Value) Decimal() (hi int64, lo uint64, ok bool) {
	if v.kind != decimal {
		return 0, 0, false
	}
	return int64(binary.BigEndian.Uint64(v.rest)), binary.BigEndian.Uint64(v.rest[8:]), true //nolint:gosec // its bits
}

// Text is a text.
func (v Value) Text() ([]byte, bool) { return v.rest, v.kind == text }

func (v Value) long() int64 {
	if len(v.rest) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(v.rest)) //nolint:gosec // its bits
}

// String is the value for people: a decimal without its point, which its
// column knows.
func (v Value) String() string {
	switch v.kind {
	case null:
		return "null"
	case boolean:
		return strconv.FormatBool(v.rest[0] != 0)
	case integer:
		return strconv.FormatInt(v.long(), 10)
	case double:
		return strconv.FormatFloat(math.Float64frombits(uint64(v.long())), 'g', -1, 64) //nolint:gosec // its bits
	case decimal:
		hi, lo, _ := v.Decimal()
		return Whole(hi, lo).String()
	case instant:
		return time.UnixMicro(v.long()).UTC().Format(time.RFC3339Nano)
	case text, inexact:
		return string(v.rest)
	case binaries:
		return fmt.Sprintf("%x", v.rest)
	}
	return ""
}

// Whole is the number of a two's complement of 128 bits.
func Whole(hi int64, lo uint64) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(hi), 64)
	return n.Add(n, new(big.Int).SetUint64(lo))
}
