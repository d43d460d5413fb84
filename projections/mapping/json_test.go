package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/spec"
)

// jsonMapping maps one field to one column, beside the key.
func jsonMapping(f spec.MappedField, column string) (spec.Mapping, []mapping.Column) {
	f.Field, f.Column = "v.w", "v"
	return spec.Mapping{Format: spec.FormatJSON, Key: []string{"id"}, Fields: []spec.MappedField{{Field: "id"}, f}},
		[]mapping.Column{{Name: "id", Type: mapping.ParseType("string")}, {Name: "v", Type: mapping.ParseType(column)}}
}

func decimalOf(unscaled int64) []byte {
	return digest.AppendDecimal(nil, unscaled>>63, uint64(unscaled))
}

func instantOf(t time.Time) []byte { return digest.AppendInstant(nil, t.UnixMicro()) }

func TestValuesOfJSON(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 123_456_000, time.UTC)
	null := digest.AppendNull(nil)
	inexact := func(s string) []byte { return digest.AppendInexact(nil, s) }
	for name, c := range map[string]struct {
		of     spec.MappedField
		column string
		value  string // of v; "" = {"w": …} is lacking
		want   []byte
		err    error
	}{
		"text":                       {column: "string", value: `{"w":"a\"é"}`, want: digest.AppendText(nil, `a"é`)},
		"text with escapes":          {column: "string", value: `{"\u0077":"\u00e9\n"}`, want: digest.AppendText(nil, "é\n")},
		"a number is no text":        {column: "string", value: `{"w":1}`, err: mapping.ErrUnfit},
		"a number as text":           {of: spec.MappedField{Type: spec.AsText}, column: "string", value: `{"w":1.50}`, want: digest.AppendText(nil, "1.50")},
		"no UTF-8":                   {column: "string", value: "{\"w\":\"a\xff\"}", want: inexact("\"a\xff\"")},
		"the last of two":            {column: "string", value: `{"w":"a","w":"b"}`, want: digest.AppendText(nil, "b")},
		"the last of two objects":    {column: "string", value: `{"w":"a"},"v":{"x":1}`, err: mapping.ErrNoField},
		"null":                       {column: "string", value: `{"w":null}`, want: null},
		"in null":                    {column: "string", value: `null`, want: null},
		"in a text":                  {column: "string", value: `"x"`, err: mapping.ErrUnfit},
		"lacking":                    {column: "string", err: mapping.ErrNoField},
		"lacking, and optional":      {of: spec.MappedField{Optional: true}, column: "string", want: null},
		"lacking, with a default":    {of: spec.MappedField{Default: new("7")}, column: "int", want: digest.AppendInt(nil, 7)},
		"null is not lacking":        {of: spec.MappedField{Default: new("7")}, column: "int", value: `{"w":null}`, want: null},
		"bool":                       {column: "boolean", value: `{"w":true}`, want: digest.AppendBool(nil, true)},
		"bool that is text":          {column: "boolean", value: `{"w":"true"}`, err: mapping.ErrUnfit},
		"bool as text, said":         {of: spec.MappedField{Type: spec.AsBool}, column: "boolean", value: `{"w":"true"}`, want: digest.AppendBool(nil, true)},
		"int":                        {column: "long", value: `{"w":-9223372036854775808}`, want: digest.AppendInt(nil, -1<<63)},
		"int with an exponent":       {column: "long", value: `{"w":12.50e2}`, want: digest.AppendInt(nil, 1250)},
		"int too large":              {column: "long", value: `{"w":9223372036854775808}`, want: inexact("9223372036854775808")},
		"int with a far exponent":    {column: "long", value: `{"w":1e999999999999}`, want: inexact("1e999999999999")},
		"int for a short one":        {column: "int", value: `{"w":2147483648}`, want: inexact("2147483648")},
		"int with decimals":          {column: "long", value: `{"w":1.5}`, want: inexact("1.5")},
		"double":                     {column: "double", value: `{"w":1.5}`, want: digest.AppendDouble(nil, 1.5)},
		"double of 32 bits":          {column: "float", value: `{"w":0.1}`, want: digest.AppendDouble(nil, float64(float32(0.1)))},
		"double too large":           {column: "double", value: `{"w":1e400}`, want: inexact("1e400")},
		"decimal":                    {column: "decimal(18, 8)", value: `{"w":-101.25}`, want: decimalOf(-10125000000)},
		"decimal as text":            {column: "decimal(18, 8)", value: `{"w":"101.250"}`, want: decimalOf(10125000000)},
		"decimal of no number":       {column: "decimal(18, 8)", value: `{"w":"1e"}`, err: mapping.ErrUnfit},
		"decimal with an exponent":   {column: "decimal(18, 8)", value: `{"w":1E-8}`, want: decimalOf(1)},
		"decimal that is cut":        {column: "decimal(18, 8)", value: `{"w":0.000000001}`, want: inexact("0.000000001")},
		"decimal with many digits":   {column: "decimal(18, 8)", value: `{"w":10000000000}`, want: inexact("10000000000")},
		"decimal of nothing":         {column: "decimal(18, 8)", value: `{"w":0e999999999}`, want: decimalOf(0)},
		"decimal of 38 digits":       {column: "decimal(38, 0)", value: `{"w":"` + strings.Repeat("9", 38) + `"}`, want: digest.AppendDecimal(nil, 0x4b3b4ca85a86c47a, 0x098a223fffffffff)},
		"instant":                    {column: "timestamptz", value: `{"w":"2026-05-01T14:00:00.123456+02:00"}`, want: instantOf(at)},
		"instant with a blank":       {column: "timestamptz", value: `{"w":"2026-05-01 12:00:00.123456Z"}`, want: instantOf(at)},
		"instant of no zone":         {column: "timestamptz", value: `{"w":"2026-05-01T12:00:00"}`, err: mapping.ErrUnfit},
		"instant of a zone":          {of: spec.MappedField{Zone: "Australia/Sydney"}, column: "timestamptz", value: `{"w":"2026-05-01T22:00:00.123456"}`, want: instantOf(at)},
		"clock":                      {column: "timestamp", value: `{"w":"2026-05-01T12:00:00.123456"}`, want: instantOf(at)},
		"clock of an instant":        {of: spec.MappedField{Zone: "Australia/Sydney"}, column: "timestamp", value: `{"w":"2026-05-01T12:00:00.123456Z"}`, want: instantOf(at.Add(10 * time.Hour))},
		"instant of nanoseconds":     {column: "timestamptz", value: `{"w":"2026-05-01T12:00:00.123456789Z"}`, want: inexact("2026-05-01T12:00:00.123456789Z")},
		"instant of empty nanos":     {column: "timestamptz", value: `{"w":"2026-05-01T12:00:00.123456000Z"}`, want: instantOf(at)},
		"instant that there is not":  {column: "timestamptz", value: `{"w":"2026-02-30T12:00:00Z"}`, err: mapping.ErrUnfit},
		"instant of a date":          {of: spec.MappedField{Zone: "UTC"}, column: "timestamptz", value: `{"w":"2026-05-01"}`, want: instantOf(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))},
		"instant of text":            {column: "timestamptz", value: `{"w":"yesterday, or so it is"}`, err: mapping.ErrUnfit},
		"instant of a number":        {column: "timestamptz", value: `{"w":1}`, err: mapping.ErrUnfit},
		"instant of seconds":         {of: spec.MappedField{Unit: spec.UnitSeconds}, column: "timestamptz", value: `{"w":-0.000001}`, want: digest.AppendInstant(nil, -1)},
		"instant of millis":          {of: spec.MappedField{Unit: spec.UnitMillis}, column: "timestamptz", value: `{"w":-1500}`, want: digest.AppendInstant(nil, -1_500_000)},
		"instant of micros":          {of: spec.MappedField{Unit: spec.UnitMicros}, column: "timestamptz", value: `{"w":0}`, want: digest.AppendInstant(nil, 0)},
		"instant of nanos":           {of: spec.MappedField{Unit: spec.UnitNanos}, column: "timestamptz", value: `{"w":1500}`, want: inexact("1500")},
		"instant out of reach":       {of: spec.MappedField{Unit: spec.UnitSeconds}, column: "timestamptz", value: `{"w":9e15}`, want: inexact("9e15")},
		"enum":                       {of: spec.MappedField{Names: map[string]string{"BUY": "b"}}, column: "string", value: `{"w":"BUY"}`, want: digest.AppendText(nil, "b")},
		"enum without a name":        {of: spec.MappedField{Type: spec.AsEnum}, column: "string", value: `{"w":"BUY"}`, want: digest.AppendText(nil, "BUY")},
		"bytes":                      {column: "binary", value: `{"w":"AQI="}`, want: digest.AppendBytes(nil, "\x01\x02")},
		"bytes of text":              {column: "binary", value: `{"w":"AQI"}`, err: mapping.ErrUnfit},
		"JSON":                       {of: spec.MappedField{Type: spec.AsJSONText}, column: "string", value: `{"w": {"b": [1.50, "<"], "a" : null} }`, want: digest.AppendText(nil, `{"a":null,"b":[1.50,"\u003c"]}`)},
		"JSON of a column of text":   {column: "string", value: `{"w":[1]}`, err: mapping.ErrUnfit},
		"a record is no number":      {column: "long", value: `{"w":{"x":1}}`, err: mapping.ErrUnfit},
		"a list is no decimal":       {of: spec.MappedField{Type: spec.AsDecimal}, column: "decimal(18, 8)", value: `{"w":[]}`, err: mapping.ErrUnfit},
		"true is no instant":         {of: spec.MappedField{Unit: spec.UnitMillis}, column: "timestamptz", value: `{"w":true}`, err: mapping.ErrUnfit},
		"a column of 38 is too long": {column: "decimal(38, 0)", value: `{"w":1` + strings.Repeat("0", 38) + `}`, want: inexact("1" + strings.Repeat("0", 38))},
	} {
		t.Run(name, func(t *testing.T) {
			m, columns := jsonMapping(c.of, c.column)
			compiled := compiled(t, m, columns, nil)
			text := `{"x":[{"id":3}], "id" : "k"}`
			if c.value != "" {
				text = `{"x":[{"id":3}], "id" : "k" ,"v":` + c.value + `}`
			}
			for _, value := range [][]byte{[]byte(text), frame(77, []byte(text))} {
				var forms mapping.Forms
				err := compiled.Record(t.Context(), &forms, value)
				if value[0] == 0 {
					require.EqualValues(t, 77, forms.SchemaID)
				}
				if c.err != nil {
					require.ErrorIs(t, err, c.err)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, digest.AppendText(nil, "k"), forms.Key)
				require.Equal(t, c.want, forms.Values)
			}
		})
	}
}

func TestADefaultIsOfItsColumn(t *testing.T) {
	for column, text := range map[string]string{"int": "x", "boolean": "maybe", "decimal(5, 2)": "one", "timestamptz": "2026-01-01T00:00:00", "double": "NaN"} {
		m, columns := jsonMapping(spec.MappedField{Default: &text}, column)
		_, err := mapping.Compile(m, columns, nil)
		require.ErrorContains(t, err, "fields[1].default: \""+text+"\" is no")
	}
}
