package ingest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatATradeNeeds(t *testing.T) {
	for name, c := range map[string]struct{ body, wrong string }{
		"the least":           {`{"symbol":"BHP","price":"36.5","quantity":100}`, ""},
		"no price":            {`{"symbol":"BHP","quantity":100}`, "symbol, price and quantity must be set"},
		"an unknown priority": {`{"symbol":"BHP","price":1,"quantity":1,"priority":"urgent"}`, "write high or normal"},
		"text for a number":   {`{"symbol":"BHP","price":"dear","quantity":1}`, "reading field price"},
		"too many decimals":   {`{"symbol":"BHP","price":"1.000000001","quantity":1}`, "more than 8 decimals"},
		"no object":           {`[]`, "send one JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := readPosted(strings.NewReader(c.body))
			if c.wrong != "" {
				require.ErrorContains(t, err, c.wrong)
				require.ErrorAs(t, err, new(schemaError))
				return
			}
			require.NoError(t, err)
			rec := in.receipt()
			assert.True(t, rec.Posted)
			assert.Equal(t, Amount(36_50000000), rec.Price)
			assert.Equal(t, Amount(100_00000000), rec.Quantity)
			assert.True(t, strings.HasPrefix(rec.TradeID, "API-"))
		})
	}
}

func TestNewFieldsAreToldFromThoseOfTheTrade(t *testing.T) {
	in, err := readPosted(strings.NewReader(`{"symbol":"BHP","price":1,"quantity":1,"priority":"high","lot":7,"desk":"a","fee":0.5}`))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"lot": int64(7), "desk": "a", "fee": 0.5}, in.new)
	assert.Equal(t, High, in.priority(Config{}))
}

func TestAnAmountIsDecimalText(t *testing.T) {
	text, err := json.Marshal(Amount(36_66700000))
	require.NoError(t, err)
	assert.Equal(t, `"36.66700000"`, string(text))
	var back Amount
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, Amount(36_66700000), back)
}
