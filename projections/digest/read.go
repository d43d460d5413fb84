package digest

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"
)

// ErrForm is of bytes that are not the forms of values.
var ErrForm = errors.New("no form of a value")

// Next splits the form of the first value from those that follow.
func Next(forms []byte) (one, rest []byte, err error) {
	if len(forms) == 0 {
		return nil, nil, ErrForm
	}
	n := 1
	switch kind(forms[0]) {
	case null:
	case boolean:
		n += 1
	case integer, double, instant:
		n += 8
	case decimal:
		n += 16
	case text, binaries, inexact:
		length, size := binary.Uvarint(forms[1:])
		if size <= 0 || length > uint64(len(forms)) {
			return nil, nil, ErrForm
		}
		n += size + int(length) //nolint:gosec // below the length
	default:
		return nil, nil, ErrForm
	}
	if n > len(forms) {
		return nil, nil, ErrForm
	}
	return forms[:n], forms[n:], nil
}

// At is the form of the value at a place, counted from 0.
func At(forms []byte, place int) ([]byte, error) {
	for {
		one, rest, err := Next(forms)
		if err != nil || place == 0 {
			return one, err
		}
		forms, place = rest, place-1
	}
}

// Instant reads the form of a moment, in microseconds since 1970; false where
// it is another value, or none.
func Instant(form []byte) (micros int64, ok bool) {
	if len(form) != 9 || kind(form[0]) != instant {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(form[1:])), true //nolint:gosec // its bits
}

// Write renders a form for people: texts as they are, cut after a hundred
// characters, moments as RFC 3339, decimals by their unscaled value.
func Write(form []byte) string {
	one, rest, err := Next(form)
	if err != nil || len(rest) > 0 {
		return "?" + hex.EncodeToString(form[:min(len(form), longest/2)])
	}
	body := one[1:]
	switch kind(one[0]) {
	case null:
		return "null"
	case boolean:
		return strconv.FormatBool(body[0] == 1)
	case integer:
		return strconv.FormatInt(int64(binary.BigEndian.Uint64(body)), 10) //nolint:gosec // its bits
	case double:
		return strconv.FormatFloat(math.Float64frombits(binary.BigEndian.Uint64(body)), 'g', -1, 64)
	case instant:
		return time.UnixMicro(int64(binary.BigEndian.Uint64(body))).UTC().Format(time.RFC3339Nano) //nolint:gosec // its bits
	case decimal:
		n := new(big.Int).Lsh(big.NewInt(int64(binary.BigEndian.Uint64(body))), 64) //nolint:gosec // its bits
		return n.Add(n, new(big.Int).SetUint64(binary.BigEndian.Uint64(body[8:]))).String()
	case text, inexact:
		return long(body, false)
	case binaries:
		return long(body, true)
	}
	return ""
}

// longest is how much of a text is shown.
const longest = 100

func long(body []byte, bytes bool) string {
	_, size := binary.Uvarint(body)
	body = body[size:]
	if bytes {
		return "0x" + hex.EncodeToString(body[:min(len(body), longest/2)])
	}
	if len(body) <= longest {
		return string(body)
	}
	cut := longest
	for cut > 0 && !utf8.RuneStart(body[cut]) {
		cut--
	}
	return string(body[:cut]) + "…"
}
