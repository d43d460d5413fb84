package mapping_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/sandbox/trade"
)

func sample() trade.V2 {
	sequence := int64(7)
	return trade.V2{
		MessageID: "m", TradeID: "ASX-7078-1", Symbol: "BHP", Exchange: "ASX", AssetClass: "equities",
		Timestamp: time.Date(2014, 3, 10, 7, 57, 14, 754_000_000, time.UTC), Price: trade.Decimal(3_666_700_000),
		Quantity: trade.Decimal(20_000_00000000), Currency: "AUD", Side: "UNKNOWN", TradeConditions: []string{"3", "<é>"},
		SourceSequence: &sequence, IngestionTimestamp: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		VendorData: map[string]string{"venue": "X", "b": "\"", "a": ""},
	}
}

func encoded(tb testing.TB, t trade.V2) []byte {
	tb.Helper()
	codec, err := trade.NewCodec()
	require.NoError(tb, err)
	value, err := codec.Encode(tradeID, t)
	require.NoError(tb, err)
	return value
}

// stored are the forms of a row of the sandbox's table, as its sink writes it.
func stored(t trade.V2) (key, values []byte) {
	asJSON := func(v any) string {
		out, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(out)
	}
	optional := func(to []byte, n *int64) []byte {
		if n == nil {
			return digest.AppendNull(to)
		}
		return digest.AppendInt(to, *n)
	}
	v := digest.AppendText(nil, t.MessageID)
	for _, s := range []string{t.Symbol, t.Exchange, t.AssetClass} {
		v = digest.AppendText(v, s)
	}
	v = digest.AppendInstant(v, t.Timestamp.UnixMicro())
	for _, d := range []int64{trade.Unscaled(t.Price).Int64(), trade.Unscaled(t.Quantity).Int64()} {
		v = digest.AppendDecimal(v, d>>63, uint64(d))
	}
	v = digest.AppendText(digest.AppendText(v, t.Currency), t.Side)
	v = optional(digest.AppendText(v, asJSON(t.TradeConditions)), t.SourceSequence)
	v = optional(digest.AppendInstant(v, t.IngestionTimestamp.UnixMicro()), t.PlatformSequence)
	if t.VendorData == nil {
		return digest.AppendText(nil, t.TradeID), digest.AppendNull(v)
	}
	return digest.AppendText(nil, t.TradeID), digest.AppendText(v, asJSON(t.VendorData))
}

func TestATradeIsReadAsItsSinkStoresIt(t *testing.T) {
	m := compiled(t, sandbox(t), tradeColumns(), lab(t))
	require.Equal(t, "trade_id", m.Columns()[0])
	require.Len(t, m.Columns(), 15)
	plain, odd := sample(), sample()
	odd.SourceSequence, odd.VendorData, odd.TradeConditions = nil, nil, []string{}
	odd.Price, odd.Timestamp = trade.Decimal(-1), time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	empty := sample()
	empty.VendorData = map[string]string{}
	var forms mapping.Forms
	for _, tr := range []trade.V2{plain, odd, empty, plain} {
		require.NoError(t, m.Record(t.Context(), &forms, encoded(t, tr)))
		key, values := stored(tr)
		require.Equal(t, key, forms.Key)
		require.Equal(t, values, forms.Values)
		require.EqualValues(t, tradeID, forms.SchemaID)
	}
}

// TestNothingIsLeftOfTheRecordBefore reads a record that cannot be read after
// one that can.
func TestNothingIsLeftOfTheRecordBefore(t *testing.T) {
	m := compiled(t, sandbox(t), tradeColumns(), lab(t))
	var forms mapping.Forms
	value := encoded(t, sample())
	require.NoError(t, m.Record(t.Context(), &forms, value))
	require.ErrorIs(t, m.Record(t.Context(), &forms, value[:40]), mapping.ErrTruncated)
	require.Empty(t, forms.Key)
	require.Empty(t, forms.Values)
	require.EqualValues(t, tradeID, forms.SchemaID)
}

func BenchmarkRecord(b *testing.B) {
	all, some := sandbox(b), sandbox(b)
	some.Fields = nil
	for _, f := range all.Fields {
		switch f.Field {
		case "trade_id", "price", "quantity", "symbol", "exchange", "timestamp":
			some.Fields = append(some.Fields, f)
		}
	}
	value := encoded(b, sample())
	for name, m := range map[string]*mapping.Mapping{
		"sixFields": compiled(b, some, tradeColumns(), lab(b)), "allFields": compiled(b, all, tradeColumns(), lab(b)),
	} {
		b.Run(name, func(b *testing.B) {
			var forms mapping.Forms
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Record(b.Context(), &forms, value); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
