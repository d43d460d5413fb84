package sink

import (
	"fmt"
	"math"
	"slices"

	"github.com/k2-platform/faultline/sandbox/trade"
)

const (
	// bandWidth is how far from its reference a price may be. In a recorded week
	// of two large companies the farthest is 22 % away.
	bandWidth = 0.30
	// bandSteps is the least width: a few steps are much of a price of cents.
	bandSteps = 10
	// bandPrices is how many prices the reference is the median of, bandLeast how
	// many it takes: a symbol that was hardly seen has no band.
	bandPrices, bandLeast = 31, 5
)

// band holds the newest prices of each symbol, those outside the band too: one
// that is really elsewhere than before has a new reference after a few trades,
// and one wrong price cannot shut out those that follow. Its zero value has
// seen none. It is for one goroutine.
type band struct{ newest map[string][]float64 }

// see takes a price into the reference.
func (b *band) see(t trade.V2) {
	if b.newest == nil {
		b.newest = map[string][]float64{}
	}
	price, _ := t.Price.Float64()
	all := append(b.newest[t.Symbol], price)
	if len(all) > bandPrices {
		all = slices.Delete(all, 0, len(all)-bandPrices)
	}
	b.newest[t.Symbol] = all
}

// check says why a price cannot be right.
func (b *band) check(t trade.V2) error {
	all := b.newest[t.Symbol]
	if len(all) < bandLeast {
		return nil
	}
	reference := median(all)
	least := bandSteps * float64(step(int64(reference*1e8))) / 1e8
	width := max(bandWidth*reference, least)
	if price, _ := t.Price.Float64(); math.Abs(price-reference) > width {
		return fmt.Errorf("price %s of %s is more than %.4f from %.4f, the median of its last %d",
			t.Price.FloatString(trade.Scale), t.Symbol, width, reference, len(all))
	}
	return nil
}

// median of one price at least.
func median(prices []float64) float64 {
	sorted := slices.Sorted(slices.Values(prices))
	return sorted[len(sorted)/2]
}
