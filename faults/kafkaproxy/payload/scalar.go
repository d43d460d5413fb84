package payload

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

// scalar is a simple value apart from how it is encoded, so that two fields of
// different types can change places as far as they mean the same.
type scalar struct {
	is     meaning
	truth  bool
	number *big.Rat
	unit   int64 // of a number that is a time: how many ns one is; 0: it is none
	text   string
	blob   []byte
}

// meaning is which of a scalar's fields counts.
type meaning int

const (
	nothing meaning = iota // null
	truth
	number
	text
	blob
)

// mostDigits bounds numbers that are written as text or as decimals.
const mostDigits = 256

func (m meaning) String() string {
	return [...]string{"null", "a boolean", "a number", "text", "bytes"}[m]
}

func (v scalar) misfit(into string) error {
	return fmt.Errorf("%s cannot be a value of type %s", v.is, into)
}

func floating(f float64) (scalar, error) {
	r := new(big.Rat).SetFloat64(f)
	if r == nil {
		return scalar{}, fmt.Errorf("%v is no number", f)
	}
	return scalar{is: number, number: r}, nil
}

// plain is a number that text may hold: without an exponent, which could make
// it as long as memory.
func plain(s string) (*big.Rat, error) {
	whole, fraction, dot := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if len(s) <= mostDigits && digits(whole) && (!dot || digits(fraction)) {
		if r, ok := new(big.Rat).SetString(s); ok {
			return r, nil
		}
	}
	return nil, fmt.Errorf("the text %.40q is no number", s)
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// rational gives the number that v is, or that its text says.
func (v scalar) rational() (*big.Rat, error) {
	switch v.is {
	case number:
		return v.number, nil
	case text:
		return plain(v.text)
	case nothing, truth, blob:
	}
	return nil, fmt.Errorf("%s is no number", v.is)
}

// integer gives v with so many bits; unit is that of the place it goes to.
func (v scalar) integer(bits int, unit int64) (int64, error) {
	r, err := v.rational()
	if err != nil {
		return 0, err
	}
	if v.unit > 0 && unit > 0 && v.unit != unit { // both are times
		r = new(big.Rat).Mul(r, big.NewRat(v.unit, unit))
	}
	i := r.Num()
	if !r.IsInt() {
		return 0, fmt.Errorf("%s is no integer", r.FloatString(9))
	}
	if !i.IsInt64() || (bits == 32 && i.Int64() != int64(int32(i.Int64()))) { //nolint:gosec // this is the check
		return 0, fmt.Errorf("%s has more than %d bits", i, bits)
	}
	return i.Int64(), nil
}

// float gives the nearest one.
func (v scalar) float() (float64, error) {
	r, err := v.rational()
	if err != nil {
		return 0, err
	}
	f, _ := r.Float64()
	if math.IsInf(f, 0) {
		return 0, errors.New("the number is too large")
	}
	return f, nil
}

// unscaled gives the digits of a decimal.
func (v scalar) unscaled(scale, precision int) (*big.Int, error) {
	r, err := v.rational()
	if err != nil {
		return nil, err
	}
	if scale < 0 || scale > mostDigits {
		return nil, fmt.Errorf("scale %d is too large", scale)
	}
	ten := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	scaled := new(big.Rat).Mul(r, new(big.Rat).SetInt(ten(scale)))
	if !scaled.IsInt() {
		return nil, fmt.Errorf("%s has more than the %d decimals of its type", r.FloatString(scale+2), scale)
	}
	if precision > 0 && precision <= mostDigits && new(big.Int).Abs(scaled.Num()).Cmp(ten(precision)) >= 0 {
		return nil, fmt.Errorf("%s has more than the %d digits of its type", r.FloatString(scale), precision)
	}
	return scaled.Num(), nil
}

// string gives text; a number as its digits.
func (v scalar) string() (string, error) {
	switch v.is {
	case text:
		return v.text, nil
	case number:
		if digits, exact := v.number.FloatPrec(); exact && digits <= mostDigits {
			return v.number.FloatString(digits), nil
		}
		return "", errors.New("the number has no end as text")
	case blob:
		if utf8.Valid(v.blob) {
			return string(v.blob), nil
		}
	case nothing, truth:
	}
	return "", v.misfit("string")
}
