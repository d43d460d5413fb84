package sink

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABandFollowsASymbolAndNoSingleWrongPrice(t *testing.T) {
	var b band
	at := func(price string) error {
		v := aTrade("BHP", price, "1")
		defer b.see(v)
		return b.check(v)
	}
	require.NoError(t, at("5000"), "the first of all may be anything")
	for range bandPrices {
		_ = at("36") // 5000 is what they are compared with, at first
	}
	require.NoError(t, at("46.79"))
	require.Error(t, at("46.81"))
	require.Error(t, at("25.19"))
	require.Error(t, at("5000"))
	require.NoError(t, at("36.50"), "those after a wrong one are right")
	rejected := 0
	for range bandPrices {
		if at("72") != nil {
			rejected++
		}
	}
	assert.InDelta(t, bandPrices/2, rejected, 2, "a symbol that really moved is stored again after a few trades")
	require.NoError(t, b.check(aTrade("RIO", "72", "1")), "each symbol has its own")
}

func TestOfAPriceOfCentsAFewStepsAreInTheBand(t *testing.T) {
	var b band
	for range bandLeast {
		b.see(aTrade("DVN", "0.020", "1"))
	}
	require.NoError(t, b.check(aTrade("DVN", "0.029", "1")))
	require.Error(t, b.check(aTrade("DVN", "0.031", "1")))
}

func TestThePricesThatAnExchangeQuotes(t *testing.T) {
	for price, ok := range map[string]bool{
		"0.099": true, "0.0995": true, "0.0991": false,
		"0.105": true, "1.995": true, "0.1025": true, "0.103": false,
		"2.01": true, "36.005": true, "36.001": false, "36.0025": false,
	} {
		err := tick(aTrade("BHP", price, "1"))
		assert.Equal(t, ok, err == nil, "%s: %v", price, err)
	}
	agreed := aTrade("BHP", "36.667", "1")
	require.Error(t, tick(agreed))
	agreed.VendorData = map[string]string{"venue": offMarket}
	require.NoError(t, tick(agreed), "off the market there is no grid")
}
