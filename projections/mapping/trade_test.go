package mapping_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/sandbox/trade"
	"github.com/k2-platform/faultline/spec"
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

// TestAMappingIsUsedByMany reads records of three schemas at once, and of one
// that there is not.
func TestAMappingIsUsedByMany(t *testing.T) {
	m, columns := wholeMapping()
	m.Fields = []spec.MappedField{{Field: "id"}, {Field: "lots"}, {Field: "note", Optional: true}}
	c := compiled(t, m, columns, lab(t))
	older, err := schemaOf(t, "older.avsc").Encode(map[string]any{"id": "a", "lots": int64(3)})
	require.NoError(t, err)
	values := [][]byte{frame(olderID, older), encoded(t, sample()), frame(99, older), frame(brokeID, older)}
	errs := []error{nil, mapping.ErrNoField, mapping.ErrUnknownSchema, mapping.ErrBrokenSchema}
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			var forms mapping.Forms
			for i := range 200 {
				at := (i + n) % len(values)
				if err := c.Record(t.Context(), &forms, values[at]); !errors.Is(err, errs[at]) {
					t.Errorf("record %d: %v, want %v", at, err, errs[at])
				}
				if want := digest.AppendInt(digest.AppendText(nil, "a"), 3); errs[at] == nil && !bytes.Equal(want, forms.Key) {
					t.Errorf("the key is %x", forms.Key)
				}
			}
		})
	}
	all.Wait()
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
	inJSON := some
	inJSON.Format = spec.FormatJSON
	proto, columns := protoMapping()
	for name, c := range map[string]struct {
		of    *mapping.Mapping
		value []byte
	}{
		"avroSixFields": {compiled(b, some, tradeColumns(), lab(b)), encoded(b, sample())},
		"avroAllFields": {compiled(b, all, tradeColumns(), lab(b)), encoded(b, sample())},
		"json": {compiled(b, inJSON, tradeColumns(), nil), []byte(`{"message_id":"m","trade_id":"ASX-7078-1","symbol":"BHP","exchange":"ASX","asset_class":"equities",
			"timestamp":"2014-03-10T07:57:14.754Z","price":"36.667","quantity":20000,"currency":"AUD","side":"UNKNOWN"}`)},
		"protobuf": {compiled(b, proto, columns, lab(b)), protoValue(b, lab(b), `{"id":"k","small":5,"price":"1.5","at":"2026-01-01T00:00:00Z","side":"BUY","venue":{"code":"X"}}`)},
	} {
		b.Run(name, func(b *testing.B) {
			var forms mapping.Forms
			b.ReportAllocs()
			for b.Loop() {
				if err := c.of.Record(b.Context(), &forms, c.value); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
