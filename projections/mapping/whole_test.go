package mapping_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/spec"
)

// wholeMapping is of every field of testdata/whole.avsc that is mapped, and of
// two that only a newer schema has.
func wholeMapping() (spec.Mapping, []mapping.Column) {
	m := spec.Mapping{Format: spec.FormatAvro, Registry: "http://r", Key: []string{"id", "lots"}, Fields: []spec.MappedField{
		{Field: "live"},
		{Field: "small"},
		{Field: "small", Column: "small_text", Type: spec.AsText},
		{Field: "lots"},
		{Field: "ratio"},
		{Field: "rate"},
		{Field: "rate", Column: "rate_decimal", Type: spec.AsDecimal},
		{Field: "raw"},
		{Field: "hash"},
		{Field: "price"},
		{Field: "price", Column: "price_narrow", Scale: new(2)},
		{Field: "fee"},
		{Field: "fee", Column: "fee_double", Type: spec.AsDouble},
		{Field: "at"},
		{Field: "at", Column: "at_sydney", Zone: "Australia/Sydney"},
		{Field: "at_ms"},
		{Field: "at_ns"},
		{Field: "at_s", Unit: spec.UnitSeconds},
		{Field: "clock"},
		{Field: "clock", Column: "clock_utc", Zone: "Australia/Sydney"},
		{Field: "day", Zone: "UTC"},
		{Field: "seen"},
		{Field: "side", Names: map[string]string{"BUY": "b"}},
		{Field: "other_side"},
		{Field: "note"},
		{Field: "amount"},
		{Field: "venue.code", Column: "venue"},
		{Field: "venue.parent.code", Column: "parent"},
		{Field: "venue", Column: "venue_json", Type: spec.AsJSONText},
		{Field: "tags", Type: spec.AsJSONText},
		{Field: "levels", Type: spec.AsJSONText},
		{Field: "newer", Optional: true},
		{Field: "newest", Default: new("-1.50")},
		{Field: "id"},
	}}
	types := map[string]string{
		"live": "boolean", "small": "int", "small_text": "string", "lots": "long", "ratio": "float", "rate": "double", "rate_decimal": "decimal(38, 10)", "raw": "binary",
		"hash": "fixed[4]", "price": "decimal(38, 6)", "price_narrow": "decimal(20, 2)", "fee": "decimal(18, 2)", "fee_double": "double", "at": "timestamptz", "at_sydney": "timestamp",
		"at_ms": "timestamptz", "at_ns": "timestamptz", "at_s": "timestamptz", "clock": "timestamp", "clock_utc": "timestamptz", "day": "timestamptz",
		"seen": "timestamptz", "side": "string", "other_side": "string", "note": "string", "amount": "decimal(20, 3)", "venue": "string", "parent": "string", "venue_json": "string",
		"tags": "string", "levels": "string", "newer": "string", "newest": "decimal(5, 2)", "id": "string",
	}
	var columns []mapping.Column
	for _, name := range m.Columns() {
		columns = append(columns, mapping.Column{Name: name, Type: mapping.ParseType(types[name])})
	}
	return m, columns
}

// decimalForm computes the form of a decimal without the package's own numbers:
// where the column cannot hold it, nil.
func decimalForm(unscaled *big.Int, from, precision, scale int) []byte {
	n := new(big.Rat).SetFrac(unscaled, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(from)), nil))
	n.Mul(n, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	if !n.IsInt() || n.Num().CmpAbs(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)) >= 0 {
		return nil
	}
	two := new(big.Int).Add(n.Num(), new(big.Int).Lsh(big.NewInt(1), 128))
	mask := new(big.Int).SetUint64(math.MaxUint64)
	return digest.AppendDecimal(nil, int64(new(big.Int).And(new(big.Int).Rsh(two, 64), mask).Uint64()), new(big.Int).And(two, mask).Uint64())
}

func bigInt(t *rapid.T, digits int, name string) *big.Int {
	n := rapid.IntRange(1, digits).Draw(t, name+" digits")
	i, ok := new(big.Int).SetString(rapid.StringMatching(fmt.Sprintf(`-?[0-9]{%d}`, n)).Draw(t, name), 10)
	require.True(t, ok)
	return i
}

func micros(t *rapid.T, name string) time.Time {
	return time.UnixMicro(rapid.Int64Range(-5e15, 5e15).Draw(t, name)).UTC()
}

// TestWhatALibraryEncodesIsReadAsItsValues draws records, has the library write
// them, and computes the forms from what was drawn.
func TestWhatALibraryEncodesIsReadAsItsValues(t *testing.T) {
	m, columns := wholeMapping()
	c := compiled(t, m, columns, lab(t))
	schema := schemaOf(t, "whole.avsc")
	sydney, err := time.LoadLocation("Australia/Sydney")
	require.NoError(t, err)
	var forms mapping.Forms
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringN(0, 8, -1), rapid.Just(""))
		price, fee, amount := bigInt(t, 38, "price"), bigInt(t, 18, "fee"), bigInt(t, 20, "amount")
		at, atMs, atNs, clock := micros(t, "at"), micros(t, "at_ms").Truncate(time.Millisecond), micros(t, "at_ns").Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "ns"))), micros(t, "clock")
		day := time.Unix(rapid.Int64Range(-20_000, 20_000).Draw(t, "day")*86_400, 0).UTC()
		seen := micros(t, "seen").In(time.FixedZone("", rapid.IntRange(-14*60, 14*60).Draw(t, "zone")*60))
		seconds := rapid.Int64().Draw(t, "at_s")
		rate := float64(rapid.Int64Range(-1e15, 1e15).Draw(t, "rate")) / 1e6
		record := map[string]any{
			"skipped": map[string]any{"a": []any{nil, 1.5}, "b": []any{}},
			"id":      text.Draw(t, "id"), "live": rapid.Bool().Draw(t, "live"), "small": rapid.Int32().Draw(t, "small"), "lots": rapid.Int64().Draw(t, "lots"),
			"ratio": rapid.Float32().Draw(t, "ratio"), "rate": rate,
			"raw": rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "raw"), "hash": [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "hash")),
			"price": new(big.Rat).SetFrac(price, big.NewInt(10_000)), "fee": new(big.Rat).SetFrac(fee, big.NewInt(100)),
			"at": at, "at_ms": atMs, "at_ns": atNs, "at_s": seconds, "clock": clock, "day": day, "seen": seen.Format(time.RFC3339Nano),
			"side": rapid.SampledFrom([]string{"BUY", "SELL"}).Draw(t, "side"), "other_side": "BUY",
			"tags": rapid.SliceOfN(text, 0, 4).Draw(t, "tags"), "levels": rapid.MapOfN(text, rapid.Int64(), 0, 4).Draw(t, "levels"),
		}
		null := digest.AppendNull
		want := map[string][]byte{"newer": null(nil), "newest": decimalForm(big.NewInt(-150), 2, 5, 2), "note": null(nil), "amount": null(nil), "venue": null(nil), "parent": null(nil), "venue_json": null(nil)}
		record["note"], record["amount"], record["venue"] = nil, nil, nil
		if rapid.Bool().Draw(t, "note is there") {
			note := text.Draw(t, "note")
			record["note"], want["note"] = note, digest.AppendText(nil, note)
		}
		switch rapid.IntRange(0, 2).Draw(t, "amount is") {
		case 1:
			record["amount"], want["amount"] = int64(-12), decimalForm(big.NewInt(-12), 0, 20, 3)
		case 2:
			record["amount"], want["amount"] = new(big.Rat).SetFrac(amount, big.NewInt(1000)), decimalForm(amount, 3, 20, 3)
		}
		if rapid.Bool().Draw(t, "venue is there") {
			code := text.Draw(t, "code")
			record["venue"], want["venue"] = map[string]any{"code": code, "parent": nil}, digest.AppendText(nil, code)
			quoted, err := json.Marshal(code)
			require.NoError(t, err)
			want["venue_json"] = digest.AppendText(nil, `{"code":`+string(quoted)+`,"parent":null}`)
			if rapid.Bool().Draw(t, "parent is there") {
				record["venue"] = map[string]any{"code": code, "parent": map[string]any{"code": "up", "parent": nil}}
				want["parent"] = digest.AppendText(nil, "up")
				want["venue_json"] = digest.AppendText(nil, `{"code":`+string(quoted)+`,"parent":{"code":"up","parent":null}}`)
			}
		}
		for _, name := range []string{"tags", "levels"} {
			written, err := json.Marshal(record[name])
			require.NoError(t, err)
			want[name] = digest.AppendText(nil, written)
		}
		nearest, _ := new(big.Rat).SetFrac(fee, big.NewInt(100)).Float64()
		hash := record["hash"].([4]byte)
		exact, ok := new(big.Rat).SetString(strconv.FormatFloat(rate, 'f', -1, 64))
		require.True(t, ok)
		digits, _ := exact.FloatPrec()
		unscaled := new(big.Rat).Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
		there := time.Date(clock.Year(), clock.Month(), clock.Day(), clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), sydney)
		_, offset := at.In(sydney).Zone()
		maps.Copy(want, map[string][]byte{
			"id": digest.AppendText(nil, record["id"].(string)), "live": digest.AppendBool(nil, record["live"].(bool)), "small": digest.AppendInt(nil, int64(record["small"].(int32))),
			"small_text": digest.AppendText(nil, strconv.Itoa(int(record["small"].(int32)))), "lots": digest.AppendInt(nil, record["lots"].(int64)),
			"ratio": digest.AppendDouble(nil, float64(record["ratio"].(float32))), "rate": digest.AppendDouble(nil, rate), "rate_decimal": decimalForm(unscaled.Num(), digits, 38, 10),
			"raw": digest.AppendBytes(nil, record["raw"].([]byte)), "hash": digest.AppendBytes(nil, hash[:]), "price": decimalForm(price, 4, 38, 6), "price_narrow": decimalForm(price, 4, 20, 2),
			"fee": decimalForm(fee, 2, 18, 2), "fee_double": digest.AppendDouble(nil, nearest), "at": digest.AppendInstant(nil, at.UnixMicro()), "at_sydney": digest.AppendInstant(nil, at.UnixMicro()+int64(offset)*1e6),
			"at_ms": digest.AppendInstant(nil, atMs.UnixMicro()), "at_ns": nil, "at_s": nil,
			"clock": digest.AppendInstant(nil, clock.UnixMicro()), "clock_utc": digest.AppendInstant(nil, there.UnixMicro()), "day": digest.AppendInstant(nil, day.UnixMicro()),
			"seen": digest.AppendInstant(nil, seen.UnixMicro()), "side": digest.AppendText(nil, map[string]string{"BUY": "b", "SELL": "SELL"}[record["side"].(string)]),
			"other_side": digest.AppendText(nil, "BUY"),
		})
		if atNs.Nanosecond()%1000 == 0 {
			want["at_ns"] = digest.AppendInstant(nil, atNs.UnixMicro())
		}
		if seconds >= math.MinInt64/1_000_000 && seconds <= math.MaxInt64/1_000_000 {
			want["at_s"] = digest.AppendInstant(nil, seconds*1_000_000)
		}
		body, err := schema.Encode(record)
		require.NoError(t, err)
		require.NoError(t, c.Record(t.Context(), &forms, frame(wholeID, body)))
		rest := forms.Key
		for i, name := range c.Columns() {
			if i == 2 {
				require.Empty(t, rest, "the key is longer")
				rest = forms.Values
			}
			form := next(t, rest)
			if want[name] == nil {
				require.Equal(t, digest.AppendInexact(nil, "")[0], form[0], "%s: a column cannot hold it", name)
			} else {
				require.Equal(t, want[name], form, name)
			}
			rest = rest[len(form):]
		}
		require.Empty(t, rest)
	})
}

// next cuts one form off.
func next(t require.TestingT, forms []byte) []byte {
	require.NotEmpty(t, forms)
	long := map[byte]bool{digest.AppendText(nil, "")[0]: true, digest.AppendBytes(nil, "")[0]: true, digest.AppendInexact(nil, "")[0]: true}
	sizes := map[byte]int{
		digest.AppendNull(nil)[0]: 1, digest.AppendBool(nil, true)[0]: 2, digest.AppendInt(nil, 0)[0]: 9, digest.AppendDouble(nil, 0)[0]: 9,
		digest.AppendInstant(nil, 0)[0]: 9, digest.AppendDecimal(nil, 0, 0)[0]: 17,
	}
	if !long[forms[0]] {
		return forms[:sizes[forms[0]]]
	}
	for n := 2; ; n++ { // the length in bytes of seven bits, the low ones first
		if forms[n-1] >= 0x80 {
			continue
		}
		size := 0
		for i := n - 1; i >= 1; i-- {
			size = size<<7 | int(forms[i]&0x7f)
		}
		return forms[:n+size]
	}
}

func TestAnOlderSchemaLacksFields(t *testing.T) {
	m, columns := wholeMapping()
	m.Fields = []spec.MappedField{{Field: "id"}, {Field: "lots"}, {Field: "note", Optional: true}, {Field: "live", Default: new("true")}, {Field: "venue.code", Column: "venue", Default: new("XASX")}}
	c := compiled(t, m, columns, lab(t))
	body, err := schemaOf(t, "older.avsc").Encode(map[string]any{"id": "a", "lots": int64(3)})
	require.NoError(t, err)
	var forms mapping.Forms
	require.NoError(t, c.Record(t.Context(), &forms, frame(olderID, body)))
	require.Equal(t, digest.AppendInt(digest.AppendText(nil, "a"), 3), forms.Key)
	require.Equal(t, digest.AppendText(digest.AppendBool(digest.AppendNull(nil), true), "XASX"), forms.Values)
	m.Fields[2].Optional = false
	require.ErrorIs(t, compiled(t, m, columns, lab(t)).Record(t.Context(), &forms, frame(olderID, body)), mapping.ErrNoField)
}
