package mapping

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/projections/digest"
)

// mostDigits is how many a decimal column can have.
const mostDigits = 38

// natural is a whole number of up to 128 bits.
type natural struct{ hi, lo uint64 }

func (a natural) less(b natural) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// times gives false where the product has more than 128 bits.
func (a natural) times(b natural) (natural, bool) {
	if a.hi != 0 && b.hi != 0 {
		return natural{}, false
	}
	hi, lo := bits.Mul64(a.lo, b.lo)
	over, cross := bits.Mul64(a.hi, b.lo)
	other, cross2 := bits.Mul64(a.lo, b.hi)
	hi, carry := bits.Add64(hi, cross, 0)
	hi, carry2 := bits.Add64(hi, cross2, 0)
	return natural{hi, lo}, over|other|carry|carry2 == 0
}

// tenth divides by ten.
func (a natural) tenth() (quotient natural, remainder uint64) {
	hi, r := a.hi/10, a.hi%10
	lo, r := bits.Div64(r, a.lo, 10)
	return natural{hi, lo}, r
}

// pow10 gives false above 10^38, which has 127 bits.
func pow10(n int) (natural, bool) {
	p := natural{lo: 1}
	if n < 0 || n > mostDigits {
		return p, false
	}
	for range n {
		p, _ = p.times(natural{lo: 10})
	}
	return p, true
}

// amount is a decimal number: unscaled × 10^-scale.
type amount struct {
	unscaled natural
	negative bool
	scale    int
}

// amountOf reads a two's complement, the first byte first; false where it has
// more than 128 bits.
func amountOf(b []byte, scale int) (amount, bool) {
	a := amount{scale: scale, negative: len(b) > 0 && b[0] >= 0x80}
	sign := byte(0)
	if a.negative {
		sign = 0xff
	}
	for len(b) > 16 {
		if b[0] != sign || (b[1]^sign) >= 0x80 {
			return amount{}, false
		}
		b = b[1:]
	}
	n := natural{}
	if a.negative {
		n = natural{math.MaxUint64, math.MaxUint64}
	}
	for _, c := range b {
		n = natural{n.hi<<8 | n.lo>>56, n.lo<<8 | uint64(c)}
	}
	if a.negative {
		n = n.complement()
	}
	a.unscaled = n
	return a, true
}

func (a natural) complement() natural {
	lo, carry := bits.Add64(^a.lo, 1, 0)
	return natural{^a.hi + carry, lo}
}

func amountOfInt(v int64) amount {
	a := amount{negative: v < 0, unscaled: natural{lo: uint64(v)}} //nolint:gosec // its bits
	if a.negative {
		a.unscaled.lo = -a.unscaled.lo
	}
	return a
}

// decimal appends a at the scale of the column; as text where the column cannot
// hold it without losing a digit. factor is 10 to the power of the digits that
// the column has more, which need not be worked out for each record.
func (t *target) decimal(to []byte, a amount, factor natural) []byte {
	n, ok := a.unscaled, true
	if a.scale <= t.column.Type.Scale {
		n, ok = n.times(factor)
	}
	for range a.scale - t.column.Type.Scale {
		var rest uint64
		if n, rest = n.tenth(); rest != 0 {
			ok = false
			break
		}
	}
	if !ok || !n.less(t.limit) {
		return digest.AppendInexact(to, a.text())
	}
	if a.negative {
		n = n.complement()
	}
	return digest.AppendDecimal(to, int64(n.hi), n.lo) //nolint:gosec // its bits
}

func (a amount) text() string {
	i := new(big.Int).SetUint64(a.unscaled.hi)
	i.Lsh(i, 64).Or(i, new(big.Int).SetUint64(a.unscaled.lo))
	if a.negative {
		i.Neg(i)
	}
	return i.String() + "e-" + strconv.Itoa(a.scale)
}

// decimalText reads a number as JSON writes it, or as others do without
// exponent.
func (t *target) decimalText(to []byte, text string) ([]byte, error) {
	digits, negative, exponent, ok := scientific(text)
	if !ok {
		return nil, ErrUnfit
	}
	if len(digits) == 0 {
		return digest.AppendDecimal(to, 0, 0), nil
	}
	shift := exponent + t.column.Type.Scale
	if shift < 0 || len(digits)+shift > t.column.Type.Precision {
		return digest.AppendInexact(to, text), nil
	}
	n := natural{}
	for _, d := range []byte(digits) {
		n, _ = n.times(natural{lo: 10})
		lo, carry := bits.Add64(n.lo, uint64(d-'0'), 0)
		n = natural{n.hi + carry, lo}
	}
	factor, _ := pow10(shift)
	n, _ = n.times(factor)
	if negative {
		n = n.complement()
	}
	return digest.AppendDecimal(to, int64(n.hi), n.lo), nil //nolint:gosec // its bits
}

// scientific takes a number apart: its digits without zeros at either end, and
// the exponent of the last one. No digits are zero.
func scientific(text string) (digits string, negative bool, exponent int, ok bool) {
	rest, negative := strings.CutPrefix(text, "-")
	if !negative {
		rest, _ = strings.CutPrefix(rest, "+")
	}
	mantissa := rest
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		power := rest[i+1:]
		mantissa = rest[:i]
		sign := strings.TrimLeft(power, "+-")
		if sign == "" || len(power)-len(sign) > 1 || !decimals(sign) {
			return "", false, 0, false
		}
		exponent = 1 << 20 // far out of reach
		if len(strings.TrimLeft(sign, "0")) <= 6 {
			exponent, _ = strconv.Atoi(sign)
		}
		if power[0] == '-' {
			exponent = -exponent
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !decimals(whole+fraction) {
		return "", false, 0, false
	}
	digits = strings.TrimLeft(whole+fraction, "0")
	exponent -= len(fraction)
	cut := strings.TrimRight(digits, "0")
	return cut, negative, exponent + len(digits) - len(cut), true
}

// decimals says that there is nothing but digits.
func decimals(s string) bool { return s == "" || strings.Trim(s, "0123456789") == "" }

// integer appends a whole number.
func (t *target) integer(to []byte, v int64) []byte {
	if t.column.Type.Short && v != int64(int32(v)) { //nolint:gosec // this is the check
		return digest.AppendInexact(to, strconv.FormatInt(v, 10))
	}
	return digest.AppendInt(to, v)
}

// intText reads a whole number, which may be written with decimals of zero.
func (t *target) intText(to []byte, text string) ([]byte, error) {
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return t.integer(to, v), nil
	}
	digits, negative, exponent, ok := scientific(text)
	switch {
	case !ok:
		return nil, ErrUnfit
	case digits == "":
		return t.integer(to, 0), nil
	case exponent < 0 || len(digits)+exponent > 19:
		return digest.AppendInexact(to, text), nil
	}
	if negative {
		digits = "-" + digits
	}
	v, err := strconv.ParseInt(digits+strings.Repeat("0", exponent), 10, 64)
	if err != nil {
		return digest.AppendInexact(to, text), nil //nolint:nilerr // a number, and too large
	}
	return t.integer(to, v), nil
}

// double appends a floating point number.
func (t *target) double(to []byte, v float64) []byte {
	if t.column.Type.Short {
		v = float64(float32(v))
	}
	return digest.AppendDouble(to, v)
}

func (t *target) doubleText(to []byte, text string) ([]byte, error) {
	if _, _, _, ok := scientific(text); !ok {
		return nil, ErrUnfit
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return digest.AppendInexact(to, text), nil //nolint:nilerr // a number, and too large
	}
	return t.double(to, v), nil
}

// decimalDouble appends a floating point number to a decimal column, as its
// shortest text says it.
func (t *target) decimalDouble(to []byte, v float64) ([]byte, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return digest.AppendInexact(to, strconv.FormatFloat(v, 'g', -1, 64)), nil
	}
	return t.decimalText(to, strconv.FormatFloat(v, 'e', -1, 64))
}
