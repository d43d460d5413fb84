package checks

import (
	"math/big"
	"math/bits"

	"github.com/k2-platform/faultline/projections/digest"
)

// exact is a sum that never rounds and never overflows. The zero value is 0. It
// adds in 128 bits as long as these suffice.
type exact struct {
	hi    int64
	lo    uint64
	spilt *big.Int // what did not fit, nil for nothing
}

// add adds a two's complement of 128 bits.
func (e *exact) add(hi int64, lo uint64) {
	sum, carry := bits.Add64(e.lo, lo, 0)
	high := e.hi + hi + int64(carry) //nolint:gosec // 0 or 1
	// Of two of one sign the sum has it, or is no sum.
	if (e.hi < 0) == (hi < 0) && (high < 0) != (hi < 0) {
		e.spill(digest.Whole(hi, lo))
		return
	}
	e.hi, e.lo = high, sum
}

func (e *exact) spill(n *big.Int) {
	if e.spilt == nil {
		e.spilt = new(big.Int)
	}
	e.spilt.Add(e.spilt, n)
}

// product adds a times b, each a two's complement of 128 bits.
func (e *exact) product(ah int64, al uint64, bh int64, bl uint64) {
	if ah == 0 && bh == 0 { // neither is negative, both below 2^64
		if hi, lo := bits.Mul64(al, bl); int64(hi) >= 0 { //nolint:gosec // its bits
			e.add(int64(hi), lo) //nolint:gosec // its bits
			return
		}
	}
	e.spill(new(big.Int).Mul(digest.Whole(ah, al), digest.Whole(bh, bl)))
}

// merge adds another sum.
func (e *exact) merge(o exact) {
	e.add(o.hi, o.lo)
	if o.spilt != nil {
		e.spill(o.spilt)
	}
}

// total is the sum.
func (e *exact) total() *big.Int {
	n := digest.Whole(e.hi, e.lo)
	if e.spilt != nil {
		n.Add(n, e.spilt)
	}
	return n
}

// point writes an unscaled number with its decimal point.
func point(n *big.Int, scale int) string {
	text := new(big.Int).Abs(n).String()
	if scale > 0 {
		for len(text) <= scale {
			text = "0" + text
		}
		text = text[:len(text)-scale] + "." + text[len(text)-scale:]
	}
	if n.Sign() < 0 {
		return "-" + text
	}
	return text
}
