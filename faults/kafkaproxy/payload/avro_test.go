package payload_test

import (
	"maps"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/avro"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func tradeSchema(t require.TestingT) *avro.Schema {
	text, err := os.ReadFile("testdata/trade.avsc")
	require.NoError(t, err)
	s, err := avro.Parse(string(text))
	require.NoError(t, err)
	return s
}

func at() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 123_000_000, time.UTC) }

func trade() map[string]any {
	return map[string]any{
		"id": "t1", "price": big.NewRat(101_25, 100), "quantity": big.NewRat(3, 1), "lots": int64(12), "small": int32(5),
		"rate": 1.5, "side": "BUY", "other_side": "SELL", "note": "hello", "at": at(), "at_ms": at(), "seen": "2026-05-01T12:00:00.120+02:00", "live": true,
		"venue":      map[string]any{"code": "X", "fee": big.NewRat(1, 4), "parent": map[string]any{"code": "Y", "fee": big.NewRat(1, 8), "parent": nil}},
		"conditions": []any{"a", "b"}, "vendor": map[string]any{"k": "v", "l": "w"},
	}
}

func encodedTrade(t require.TestingT, of map[string]any) []byte {
	b, err := tradeSchema(t).Encode(of)
	require.NoError(t, err)
	return b
}

func decodedTrade(t require.TestingT, framed []byte) map[string]any {
	var out map[string]any
	rest, err := tradeSchema(t).Decode(framed[5:], &out)
	require.NoError(t, err)
	require.Empty(t, rest)
	return out
}

// plainly makes numbers comparable.
func plainly(v any) any {
	switch v := v.(type) {
	case *big.Rat:
		return v.RatString()
	case map[string]any:
		out := maps.Clone(v)
		for k := range out {
			out[k] = plainly(out[k])
		}
		return out
	}
	return v
}

func TestAvroFieldsAreCorrupted(t *testing.T) {
	c := serve(t).corrupter()
	shift := func(field string, by time.Duration) rule.Corrupt {
		return rule.Corrupt{Do: rule.TimestampShift, Fields: []string{field}, By: by}
	}
	for name, tc := range map[string]struct {
		from map[string]any
		how  rule.Corrupt
		want map[string]any // nil: nothing changes
	}{
		"price and quantity":      {how: swap("price", "quantity"), want: map[string]any{"price": "3", "quantity": "405/4"}},
		"equal fields":            {from: map[string]any{"price": big.NewRat(3, 1)}, how: swap("price", "quantity")},
		"in a record in a union":  {how: swap("price", "venue.parent.fee"), want: map[string]any{"price": "1/8"}},
		"decimal and long":        {how: swap("quantity", "lots"), want: map[string]any{"quantity": "12", "lots": int64(3)}},
		"negative decimal":        {from: map[string]any{"lots": int64(-128)}, how: swap("quantity", "lots"), want: map[string]any{"quantity": "-128", "lots": int64(3)}},
		"long and int":            {how: swap("lots", "small"), want: map[string]any{"lots": int64(5), "small": int32(12)}},
		"double and decimal":      {how: swap("rate", "price"), want: map[string]any{"rate": 101.25, "price": "3/2"}},
		"string and number":       {from: map[string]any{"id": "42"}, how: swap("id", "lots"), want: map[string]any{"id": "12", "lots": int64(42)}},
		"enums":                   {how: swap("side", "other_side"), want: map[string]any{"side": "SELL", "other_side": "BUY"}},
		"enum and string":         {from: map[string]any{"id": "SELL"}, how: swap("id", "side"), want: map[string]any{"id": "BUY", "side": "SELL"}},
		"string and its union":    {how: swap("id", "note"), want: map[string]any{"id": "hello", "note": "t1"}},
		"times of different unit": {how: swap("at", "at_ms")},
		"time in micros":          {how: shift("at", time.Hour), want: map[string]any{"at": at().Add(time.Hour)}},
		"time in millis":          {how: shift("at_ms", -time.Second), want: map[string]any{"at_ms": at().Add(-time.Second)}},
		"time below its unit":     {how: shift("at_ms", time.Microsecond)},
		"time as text":            {how: shift("seen", time.Hour), want: map[string]any{"seen": "2026-05-01T13:00:00.120+02:00"}},
		"time without a unit":     {from: map[string]any{"lots": int64(1_700_000_000)}, how: shift("lots", time.Minute), want: map[string]any{"lots": int64(1_700_000_060)}},
	} {
		t.Run(name, func(t *testing.T) {
			from := trade()
			maps.Copy(from, tc.from)
			value := frame(tradeAvro, encodedTrade(t, from))
			out, changed, err := corrupt(t, c, value, tc.how)
			require.NoError(t, err)
			require.Equal(t, tc.want != nil, changed)
			want := plainly(decodedTrade(t, value)).(map[string]any)
			got := plainly(decodedTrade(t, out)).(map[string]any)
			for k, v := range tc.want {
				require.Equal(t, v, got[k], k)
			}
			touched := map[string]bool{"venue": true}
			for _, f := range tc.how.Fields {
				touched[f] = true
			}
			for k := range want {
				if !touched[k] {
					require.Equal(t, want[k], got[k], "%s was touched", k)
				}
			}
		})
	}
}

func TestAvroFieldsThatDoNotFit(t *testing.T) {
	c := serve(t).corrupter()
	for name, tc := range map[string]struct {
		how  rule.Corrupt
		want string
	}{
		"text that is no number":  {swap("id", "lots"), "is no number"},
		"number with decimals":    {swap("price", "lots"), "is no integer"},
		"record":                  {swap("venue", "id"), "cannot be a value of type record"},
		"array and map":           {swap("conditions", "vendor"), "its own type"},
		"boolean":                 {swap("live", "lots"), "cannot be a value"},
		"no symbol":               {swap("side", "id"), "cannot be a value of type enum"},
		"no such field":           {swap("price", "amount"), "amount: the value has no such field"},
		"through an array":        {swap("price", "conditions.0"), "no such field"},
		"no such field in venue":  {swap("price", "venue.x"), "no such field"},
		"decimal is no time":      {rule.Corrupt{Do: rule.TimestampShift, Fields: []string{"price"}, By: 1}, "no time"},
		"text is no time":         {rule.Corrupt{Do: rule.TimestampShift, Fields: []string{"id"}, By: 1}, "RFC 3339"},
		"small number is no time": {rule.Corrupt{Do: rule.TimestampShift, Fields: []string{"lots"}, By: 1}, "is no time"},
	} {
		t.Run(name, func(t *testing.T) {
			_, changed, err := corrupt(t, c, frame(tradeAvro, encodedTrade(t, trade())), tc.how)
			require.ErrorContains(t, err, tc.want)
			require.False(t, changed)
		})
	}
}

func TestAvroOfAWrongTypeCannotBeReadAsItWas(t *testing.T) {
	c := serve(t).corrupter()
	value := frame(tradeAvro, encodedTrade(t, trade()))
	for _, field := range []string{"id", "price", "lots", "rate", "side", "note", "live", "venue.fee", "venue.parent.parent", "conditions", "vendor"} {
		t.Run(field, func(t *testing.T) {
			out, changed, err := corrupt(t, c, value, rule.Corrupt{Do: rule.WrongType, Fields: []string{field}})
			require.NoError(t, err)
			require.True(t, changed)
			var got map[string]any
			rest, err := tradeSchema(t).Decode(out[5:], &got)
			require.True(t, err != nil || len(rest) > 0, "a reader sees nothing: %v", got)
		})
	}
}

func TestANewFieldOfAvroIsLeftOver(t *testing.T) {
	c := serve(t).corrupter()
	value := frame(tradeAvro, encodedTrade(t, trade()))
	out, changed, err := corrupt(t, c, value, rule.Corrupt{Do: rule.NewField})
	require.NoError(t, err)
	require.True(t, changed)
	var got map[string]any
	rest, err := tradeSchema(t).Decode(out[5:], &got)
	require.NoError(t, err)
	require.NotEmpty(t, rest)
	_, _, err = corrupt(t, c, out, swap("price", "quantity"))
	require.ErrorContains(t, err, "left over")
}

// What is swapped twice is as it was, whatever the numbers.
func TestASwapIsUndoneByItself(t *testing.T) {
	c := serve(t).corrupter()
	rapid.Check(t, func(t *rapid.T) {
		of := trade()
		of["price"] = big.NewRat(rapid.Int64Range(-1e15, 1e15).Draw(t, "price"), 1_000_000)
		of["venue"].(map[string]any)["fee"] = big.NewRat(rapid.Int64Range(-1e15, 1e15).Draw(t, "fee"), 1_000_000)
		of["lots"] = rapid.Int64Range(-1e11, 1e11).Draw(t, "lots")
		of["quantity"] = big.NewRat(rapid.Int64Range(-1e11, 1e11).Draw(t, "quantity"), 1)
		value := frame(tradeAvro, encodedTrade(t, of))
		for _, how := range []rule.Corrupt{swap("price", "venue.fee"), swap("quantity", "lots")} {
			once, _, err := c.Corrupt(t.Context(), "trades", value, how)
			require.NoError(t, err)
			twice, _, err := c.Corrupt(t.Context(), "trades", once, how)
			require.NoError(t, err)
			require.Equal(t, value, twice)
		}
	})
}
