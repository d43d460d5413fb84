package mapping_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/spec"
)

func protoMapping() (spec.Mapping, []mapping.Column) {
	m := spec.Mapping{Format: spec.FormatProtobuf, Registry: "http://r", Key: []string{"id"}, Fields: []spec.MappedField{
		{Field: "id"},
		{Field: "live"},
		{Field: "small"},
		{Field: "lots"},
		{Field: "many"},
		{Field: "word"},
		{Field: "long_word"},
		{Field: "ratio"},
		{Field: "rate"},
		{Field: "raw"},
		{Field: "price"},
		{Field: "at"},
		{Field: "at_ms", Unit: spec.UnitMillis},
		{Field: "side", Names: map[string]string{"BUY": "b"}},
		{Field: "note"},
		{Field: "amount"},
		{Field: "venue.code", Column: "venue"},
		{Field: "venue.parent.code", Column: "parent"},
		{Field: "tags", Type: spec.AsJSONText},
		{Field: "levels", Type: spec.AsJSONText},
		{Field: "by_number"},
		{Field: "by_name"},
		{Field: "newer", Optional: true},
	}}
	types := map[string]string{
		"live": "boolean", "small": "int", "lots": "long", "many": "long", "word": "long", "long_word": "decimal(38, 2)", "ratio": "float", "rate": "double", "raw": "binary",
		"price": "decimal(18, 8)", "at": "timestamptz", "at_ms": "timestamptz", "amount": "long", "by_number": "long",
	}
	var columns []mapping.Column
	for _, name := range m.Columns() {
		written := "string"
		if as, ok := types[name]; ok {
			written = as
		}
		columns = append(columns, mapping.Column{Name: name, Type: mapping.ParseType(written)})
	}
	return m, columns
}

// protoValue encodes what protojson reads; several texts become one message in parts.
func protoValue(tb testing.TB, b book, texts ...string) []byte {
	tb.Helper()
	var body []byte
	for _, text := range texts {
		m := dynamicpb.NewMessage(b[protoID].Proto.Messages().Get(0))
		require.NoError(tb, protojson.Unmarshal([]byte(text), m))
		part, err := proto.Marshal(m)
		require.NoError(tb, err)
		body = append(body, part...)
	}
	return frame(protoID, append([]byte{0}, body...))
}

func forms(columns []mapping.Column, of map[string][]byte) []byte {
	var out []byte
	for _, c := range columns[1:] {
		if of[c.Name] == nil {
			out = digest.AppendNull(out)
		}
		out = append(out, of[c.Name]...)
	}
	return out
}

// zero are the forms of a message without a byte.
func zero() map[string][]byte {
	return map[string][]byte{
		"live": digest.AppendBool(nil, false), "small": digest.AppendInt(nil, 0), "lots": digest.AppendInt(nil, 0), "many": digest.AppendInt(nil, 0), "word": digest.AppendInt(nil, 0),
		"long_word": digest.AppendDecimal(nil, 0, 0), "ratio": digest.AppendDouble(nil, 0), "rate": digest.AppendDouble(nil, 0), "raw": digest.AppendBytes(nil, ""),
		"price": digest.AppendDecimal(nil, 0, 0), "at_ms": digest.AppendInstant(nil, 0), "side": digest.AppendText(nil, "UNKNOWN"),
		"tags": digest.AppendText(nil, "[]"), "levels": digest.AppendText(nil, "{}"),
	}
}

func TestValuesOfProtobuf(t *testing.T) {
	m, columns := protoMapping()
	b := lab(t)
	c := compiled(t, m, columns, b)
	for name, tc := range map[string]struct {
		texts []string
		want  map[string][]byte
	}{
		"all": {[]string{`{"id":"k","live":true,"small":-5,"lots":"-7","many":"9223372036854775808","word":4294967295,"longWord":"-3","ratio":0.1,"rate":-2.5,"raw":"AQI=",
			"price":"-1.5","at":"1969-12-31T23:59:59.999999Z","atMs":"-1","side":"BUY","note":"","amount":"3","venue":{"code":"X","parent":{"code":"Y"}},
			"tags":["a","<"],"levels":{"b":"2","a":"-1"},"byName":"n","skipped":"s"}`}, map[string][]byte{
			"live": digest.AppendBool(nil, true), "small": digest.AppendInt(nil, -5), "lots": digest.AppendInt(nil, -7), "many": digest.AppendInexact(nil, "9223372036854775808"),
			"word": digest.AppendInt(nil, 1<<32-1), "long_word": decimalOf(-300), "ratio": digest.AppendDouble(nil, float64(float32(0.1))), "rate": digest.AppendDouble(nil, -2.5),
			"raw": digest.AppendBytes(nil, "\x01\x02"), "price": decimalOf(-150000000), "at": digest.AppendInstant(nil, -1), "at_ms": digest.AppendInstant(nil, -1000),
			"side": digest.AppendText(nil, "b"), "note": digest.AppendText(nil, ""), "amount": digest.AppendInt(nil, 3), "venue": digest.AppendText(nil, "X"), "parent": digest.AppendText(nil, "Y"),
			"tags": digest.AppendText(nil, `["a","\u003c"]`), "levels": digest.AppendText(nil, `{"a":-1,"b":2}`), "by_name": digest.AppendText(nil, "n"),
		}},
		"a message that is empty":   {[]string{`{"id":"k","price":"0","venue":{},"amount":"0"}`}, map[string][]byte{"venue": digest.AppendText(nil, ""), "amount": digest.AppendInt(nil, 0)}},
		"parts":                     {[]string{`{"price":"0","venue":{"code":"X"},"tags":["a"]}`, `{"id":"k","venue":{"parent":{}},"tags":["b"]}`}, map[string][]byte{"venue": digest.AppendText(nil, "X"), "parent": digest.AppendText(nil, ""), "tags": digest.AppendText(nil, `["a","b"]`)}},
		"the last of several":       {[]string{`{"id":"j","price":"0","small":1,"byName":"n"}`, `{"id":"k","small":2,"byNumber":"0"}`}, map[string][]byte{"small": digest.AppendInt(nil, 2), "by_number": digest.AppendInt(nil, 0)}},
		"nanoseconds":               {[]string{`{"id":"k","price":"0","at":"1970-01-01T00:00:00.000000001Z"}`}, map[string][]byte{"at": digest.AppendInexact(nil, "\x10\x01")}},
		"an enum without a symbol":  {[]string{`{"id":"k","price":"0","side":9}`}, map[string][]byte{"side": digest.AppendInexact(nil, "9")}},
		"a wrapped one that is not": {[]string{`{"id":"k","price":"0"}`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got mapping.Forms
			require.NoError(t, c.Record(t.Context(), &got, protoValue(t, b, tc.texts...)))
			want := zero()
			maps.Copy(want, tc.want)
			require.Equal(t, digest.AppendText(nil, "k"), got.Key)
			require.Equal(t, forms(columns, want), got.Values)
		})
	}
}

func TestProtobufThatCannotBeRead(t *testing.T) {
	m, columns := protoMapping()
	b := lab(t)
	c := compiled(t, m, columns, b)
	whole := protoValue(t, b, `{"id":"k","price":"0","tags":["a"]}`)
	for name, tc := range map[string]struct {
		value []byte
		want  error
	}{
		"cut":                    {whole[:len(whole)-1], mapping.ErrTruncated},
		"no place":               {frame(protoID, nil), mapping.ErrForged},
		"a place that is not":    {frame(protoID, []byte{2, 8}), mapping.ErrForged},
		"another message":        {frame(protoID, []byte{2, 2}), mapping.ErrNoField},
		"number 0":               {frame(protoID, []byte{0, 0}), mapping.ErrForged},
		"a group without end":    {frame(protoID, []byte{0, 0x0b}), mapping.ErrTruncated},
		"a price of no number":   {protoValue(t, b, `{"price":"x"}`), mapping.ErrUnfit},
		"a price without digits": {protoValue(t, b, `{"price":"."}`), mapping.ErrUnfit},
		"a length without bytes": {frame(protoID, append([]byte{0}, protowire.AppendVarint([]byte{0x0a}, 1<<40)...)), mapping.ErrTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			var got mapping.Forms
			require.ErrorIs(t, c.Record(t.Context(), &got, tc.value), tc.want)
		})
	}
}
