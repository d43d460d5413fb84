package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/spec"
)

func TestTheSandboxsMappingFits(t *testing.T) {
	require.Empty(t, mapping.Check(sandbox(t), tradeColumns(), lab(t)[tradeID]))
	require.Empty(t, mapping.Check(sandbox(t), nil, lab(t)[tradeID]))
	require.Empty(t, mapping.Check(sandbox(t), tradeColumns(), nil))
	m, columns := wholeMapping()
	require.NoError(t, mapping.Check(m, columns, lab(t)[wholeID]).Err())
	m, columns = protoMapping()
	require.NoError(t, mapping.Check(m, columns, lab(t)[protoID]).Err())
}

// TestAWrongMappingIsFound breaks the sandbox's mapping, its table or its schema
// in one place at a time.
func TestAWrongMappingIsFound(t *testing.T) {
	at := func(m *spec.Mapping, field string) *spec.MappedField {
		return &m.Fields[slices.IndexFunc(m.Fields, func(f spec.MappedField) bool { return f.Field == field })]
	}
	for name, c := range map[string]struct {
		wrong   func(*spec.Mapping)
		columns map[string]string // of the table, else; "" = it is not there
		schema  int               // another one
		want    string
		alone   bool // found by the schema alone, without the table
	}{
		"a misspelt field":           {wrong: func(m *spec.Mapping) { at(m, "price").Field = "prise" }, want: `fields[6].field: com.k2.marketdata.TradeV2 has no field "prise"; did you mean price?`, alone: true},
		"a field in no record":       {wrong: func(m *spec.Mapping) { at(m, "price").Field = "price.amount" }, want: `fields[6].field: price is no record: it has no field "amount"`, alone: true},
		"a misspelt column":          {wrong: func(m *spec.Mapping) { at(m, "symbol").Column = "symbl" }, want: `fields[2].column: the table has no column "symbl"; did you mean symbol?`},
		"a column that is gone":      {columns: map[string]string{"side": ""}, want: `fields[9].column: the table has no column "side"`},
		"a wrong scale":              {wrong: func(m *spec.Mapping) { at(m, "price").Scale = new(6) }, want: "fields[6].scale: scale 6 is not that of column price, which is decimal(18, 8); write scale: 8"},
		"another scale of the table": {columns: map[string]string{"price": "decimal(18, 6)"}, want: "fields[6].scale: scale 8 is not that of column price, which is decimal(18, 6); write scale: 6"},
		"a table that cuts": {
			wrong: func(m *spec.Mapping) { at(m, "price").Scale = nil }, columns: map[string]string{"price": "decimal(18, 6)"},
			want: "fields[6].scale: the record has decimal(18, 8), and column price is decimal(18, 6): decimals would be lost; widen the column, or write scale: 6",
		},
		"a wrong type":              {wrong: func(m *spec.Mapping) { at(m, "price").Scale, at(m, "price").Type = nil, spec.AsDouble }, want: "fields[6].type: type double does not fit column price, which is decimal(18, 8); write type: decimal"},
		"another type of the table": {columns: map[string]string{"symbol": "long"}, want: "fields[2].type: type text does not fit column symbol, which is long; write type: int"},
		"a type nobody compares":    {columns: map[string]string{"symbol": "uuid"}, want: "fields[2]: column symbol has a type that is not compared; leave the field out"},
		"a number for a text":       {wrong: func(m *spec.Mapping) { *at(m, "source_sequence") = spec.MappedField{Field: "source_sequence"} }, columns: map[string]string{"source_sequence": "string"}, want: "fields[11].type: the record has long, and column source_sequence is string"},
		"a text for an instant":     {wrong: func(m *spec.Mapping) { *at(m, "timestamp") = spec.MappedField{Field: "price", Column: "timestamp"} }, want: "fields[5].type: the record has decimal(18, 8), and column timestamp is timestamptz"},
		"a list for a text":         {wrong: func(m *spec.Mapping) { at(m, "trade_conditions").Type = "" }, want: "fields[10].type: the record has array, and column trade_conditions is string; write type: json"},
		"a number of no unit": {wrong: func(m *spec.Mapping) {
			*at(m, "timestamp") = spec.MappedField{Field: "source_sequence", Column: "timestamp"}
		}, want: "fields[5].unit: the record has long, of which nothing says what it counts; write unit: seconds"},
		"another unit":         {wrong: func(m *spec.Mapping) { at(m, "timestamp").Unit = spec.UnitMillis }, want: "fields[5].unit: unit millis is not that of the record, timestamp-micros; remove it", alone: true},
		"a unit of no instant": {wrong: func(m *spec.Mapping) { at(m, "symbol").Unit = spec.UnitMillis }, want: "fields[2].unit: is for type instant, and column symbol is string; remove it"},
		"a name for no symbol": {wrong: func(m *spec.Mapping) { at(m, "side").Names = map[string]string{"BYU": "b"} }, want: `fields[9].names: the enum has no symbol "BYU"; did you mean BUY?`, alone: true},
		"a lacking field, optional": {wrong: func(m *spec.Mapping) {
			*at(m, "side") = spec.MappedField{Field: "sied", Column: "side", Optional: true}
		}, want: `warning: fields[9].field: com.k2.marketdata.TradeV2 has no field "sied"; did you mean side?`, alone: true},
		"another format":              {schema: protoID, want: "format: its schema cannot be used: schema 4 is PROTOBUF, and the mapping is for avro", alone: true},
		"a schema that is none":       {schema: brokeID, want: "format: its schema cannot be used: schema 6 does not compile", alone: true},
		"the zone of a clock":         {columns: map[string]string{"timestamp": "date"}, want: "fields[5]: column timestamp has a type that is not compared"},
		"a default of no such column": {wrong: func(m *spec.Mapping) { at(m, "price").Default = new("cheap") }, want: `fields[6].default: "cheap" is no decimal; write what column price holds then`},
	} {
		t.Run(name, func(t *testing.T) {
			m, schemas := sandbox(t), lab(t)
			if c.wrong != nil {
				c.wrong(&m)
			}
			schema := schemas[tradeID]
			if c.schema != 0 {
				schema = schemas[c.schema]
			}
			columns := tradeColumns()
			for i := 0; i < len(columns); i++ {
				if written, ok := c.columns[columns[i].Name]; ok && written != "" {
					columns[i].Type = mapping.ParseType(written)
				} else if ok {
					columns = slices.Delete(columns, i, i+1)
					i--
				}
			}
			require.Contains(t, mapping.Check(m, columns, schema).Error(), c.want)
			require.Len(t, mapping.Check(m, columns, schema), 1)
			alone := mapping.Check(m, nil, schema)
			assert.Equal(t, c.alone, strings.Contains(alone.Error(), c.want), "%v", alone)
		})
	}
}

// TestOneFieldCanBeWrongTwice: what is wrong with a column hides no wrong name.
func TestOneFieldCanBeWrongTwice(t *testing.T) {
	m := sandbox(t)
	m.Fields[6].Field, m.Fields[6].Scale = "prise", new(6)
	found := mapping.Check(m, tradeColumns(), lab(t)[tradeID])
	require.Len(t, found, 2)
	require.ErrorContains(t, found, "fields[6].scale: scale 6 is not that of column price")
	require.ErrorContains(t, found, "fields[6].field: com.k2.marketdata.TradeV2 has no field")
}

// TestACompilersErrorsHaveTheirPlaces: what Check finds of the table, Compile
// refuses.
func TestACompilersErrorsHaveTheirPlaces(t *testing.T) {
	m := sandbox(t)
	m.Fields[6].Scale, m.Fields[2].Column = new(6), "symbl"
	_, err := mapping.Compile(m, tradeColumns(), lab(t))
	require.ErrorContains(t, err, "fields[2].column")
	require.ErrorContains(t, err, "fields[6].scale")
	_, err = mapping.Compile(sandbox(t), tradeColumns(), nil)
	require.ErrorContains(t, err, "nothing gives their schemas")
	m = sandbox(t)
	m.Key = []string{"id"}
	_, err = mapping.Compile(m, tradeColumns(), lab(t))
	require.ErrorContains(t, err, `column "id" of the key has no field`)
}

func TestTypesAsIcebergWritesThem(t *testing.T) {
	for written, want := range map[string]mapping.ColumnType{
		"boolean": {Kind: mapping.Bool}, "int": {Kind: mapping.Int, Short: true}, "long": {Kind: mapping.Int}, "float": {Kind: mapping.Double, Short: true}, "double": {Kind: mapping.Double},
		"decimal(18, 8)": {Kind: mapping.Decimal, Precision: 18, Scale: 8}, "timestamp": {Kind: mapping.Instant}, "timestamptz": {Kind: mapping.Instant, Zone: true},
		"string": {Kind: mapping.Text}, "binary": {Kind: mapping.Bytes},
	} {
		assert.Equal(t, want, mapping.ParseType(written))
		assert.Equal(t, written, want.String())
	}
	assert.Equal(t, mapping.ColumnType{Kind: mapping.Bytes}, mapping.ParseType("fixed[16]"))
	assert.Equal(t, mapping.ColumnType{Kind: mapping.Decimal, Precision: 9, Scale: 2}, mapping.ParseType("decimal(9,2)"))
	for _, other := range []string{"", "uuid", "date", "decimal(39, 2)", "decimal(2, 3)", "decimal(0, 0)", "struct<a: int>", "timestamptz_ns"} {
		assert.Equal(t, mapping.ColumnType{}, mapping.ParseType(other), other)
	}
}
