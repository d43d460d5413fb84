package sink

import (
	"fmt"

	"github.com/k2-platform/faultline/sandbox/trade"
)

// offMarket is the venue of a trade that two parties agreed on: its price is
// an average of many, and on no grid.
const offMarket = "X"

// step is the exchange's price step in units of 10^-8: 0.1 cent below 10 cents,
// half a cent below 2 dollars, a cent above.
func step(price int64) int64 {
	const cent = 1_000_000
	switch {
	case price < 10*cent:
		return cent / 10
	case price < 200*cent:
		return cent / 2
	}
	return cent
}

// tick says why a price cannot have been quoted. Half a step is right, too:
// orders that meet in the middle of the spread trade there.
func tick(t trade.V2) error {
	if t.VendorData["venue"] == offMarket {
		return nil
	}
	price := trade.Unscaled(t.Price).Int64()
	if half := step(price) / 2; price%half != 0 {
		return fmt.Errorf("price %s of %s is no multiple of %s, half of the exchange's step there",
			t.Price.FloatString(trade.Scale), t.Symbol, trade.Decimal(half).FloatString(trade.Scale))
	}
	return nil
}
