package spec_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/spec"
)

const mapped = `faultline_platform: v1
name: lab
environment: test
books:
  trades:
    receipts: http://127.0.0.1:1
    topic: trades
    dead_letters: dlq
    namespace: market
    table: trades
    key: trade_id
    compare: [price]
    mapping:
      format: avro
      registry: http://127.0.0.1:8081
      key: [exchange, trade_id]
      fields:
        - {field: trade_id}
        - {field: venue.code, column: exchange, names: {X: asx}}
        - {field: price, type: decimal, scale: 8}
        - {field: at, unit: millis, zone: Australia/Sydney}
        - {field: side, type: enum, default: "null"}
        - {field: tags, type: json, optional: true}
`

func TestAMappingIsRead(t *testing.T) {
	p, problems := spec.ReadPlatform([]byte(mapped))
	require.Empty(t, problems)
	m := p.Platform.Books["trades"].Mapping
	assert.Equal(t, []string{"trade_id", "exchange", "price", "at", "side", "tags"}, m.Columns())
	assert.Equal(t, "trades-value", m.SubjectOf("trades"))
	assert.Equal(t, spec.MappedField{Field: "price", Type: spec.AsDecimal, Scale: new(8)}, m.Fields[2])
	assert.Equal(t, spec.MappedField{Field: "side", Type: spec.AsEnum, Default: new("null")}, m.Fields[4])
	assert.Equal(t, spec.Position{Line: 20, Column: 48}, p.At("books.trades.mapping.fields[2].scale"))
	assert.Equal(t, spec.Position{Line: 20, Column: 11}, p.At("books.trades.mapping.fields[2].nothing"))
	m.Subject = "other"
	assert.Equal(t, "other", m.SubjectOf("trades"))
}

func TestAMappingIsRefusedWithPlaceAndHint(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"a format":           {"format: avro", "format: arvo", `14:15: error: books.trades.mapping.format: "arvo" is not known; did you mean avro?`},
		"no format":          {"format: avro\n", "subject: s\n", "books.trades.mapping.format: is missing; write format: avro, json or protobuf"},
		"no registry":        {"      registry: http://127.0.0.1:8081\n", "", "books.trades.mapping.registry: is missing: nothing says where the schemas of avro are"},
		"a registry's host":  {"http://127.0.0.1:8081", "127.0.0.1:8081", `15:17: error: books.trades.mapping.registry: registry "127.0.0.1:8081": write its URL`},
		"a subject's path":   {"format: avro", "format: avro\n      subject: a/b", `subject "a/b": write one subject`},
		"no key":             {"[exchange, trade_id]", "[]", "16:12: error: books.trades.mapping.key: is missing; write the columns"},
		"a misspelt key":     {"[exchange, trade_id]", "[exchange, trade_di]", `16:23: error: books.trades.mapping.key[1]: no field is mapped to column "trade_di"; did you mean trade_id?`},
		"a key of a field":   {"[exchange, trade_id]", "[code]", `no field is mapped to column "code"`},
		"a key twice":        {"[exchange, trade_id]", "[trade_id, trade_id]", `books.trades.mapping.key[1]: column "trade_id" stands twice; remove one`},
		"a column twice":     {"column: exchange", "column: trade_id", `19:11: error: books.trades.mapping.fields[1]: column "trade_id" has another field already; remove one`},
		"no field":           {"{field: price, ", "{column: price, ", "20:11: error: books.trades.mapping.fields[2].field: is missing; write the field's path in the record"},
		"an empty name":      {"venue.code", "venue..code", `19:19: error: books.trades.mapping.fields[1].field: field "venue..code" has an empty name`},
		"a type":             {"type: decimal", "type: decmal", `20:32: error: books.trades.mapping.fields[2].type: "decmal" is not known; did you mean decimal?`},
		"a scale":            {"scale: 8", "scale: 39", "books.trades.mapping.fields[2].scale: 39 is no scale; write a number from 0 to 38"},
		"a scale below zero": {"scale: 8", "scale: -1", "-1 is no scale"},
		"a unit":             {"unit: millis", "unit: ms", `books.trades.mapping.fields[3].unit: "ms" is not known`},
		"a zone":             {"Australia/Sydney", "Australia/Sidney", `time zone "Australia/Sidney" is not known`},
		"a scale of an enum": {"type: decimal", "type: enum", "fields[2].scale: is for type decimal, and the type is enum; remove one of them"},
		"a unit of a text":   {"unit: millis", "type: text, unit: millis", "fields[3].unit: is for type instant, and the type is text"},
		"names of a number":  {"names: {X: asx}", "type: int, names: {X: asx}", "fields[1].names: is for type enum, and the type is int"},
		"both":               {"optional: true", "optional: true, default: x", "fields[5].optional: a field that is lacking is stored as null, or as its default"},
		"an unknown field":   {"column: exchange", "colum: exchange", `unknown field "colum"; did you mean column?`},
		"no fields":          {mapped[strings.Index(mapped, "      fields:"):], "", "books.trades.mapping.fields: is missing; write at least the fields of the key"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, mapped, c.from)
			_, problems := spec.ParsePlatform([]byte(strings.Replace(mapped, c.from, c.to, 1)))
			require.ErrorContains(t, problems.Err(), c.want)
		})
	}
}

const compared = mapped + `    windows: {by: [exchange], time: at, every: 1h, price: price, quantity: price}
    sequences: [{column: trade_id, per: [exchange]}]
`

func TestWhatIsComparedIsRead(t *testing.T) {
	p, problems := spec.ReadPlatform([]byte(compared))
	require.Empty(t, problems)
	b := p.Platform.Books["trades"]
	assert.Equal(t, &spec.Windows{By: []string{"exchange"}, Time: "at", Every: spec.Duration(time.Hour), Price: "price", Quantity: "price"}, b.Windows)
	assert.Equal(t, []spec.Sequence{{Column: "trade_id", Per: []string{"exchange"}}}, b.Sequences)
	assert.Equal(t, "at", b.WindowTime())
	b.Windows.Time, b.Moment = "", "side"
	assert.Equal(t, "side", b.WindowTime())
}

func TestWhatIsComparedIsRefusedWithPlaceAndHint(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"a column":        {"by: [exchange]", "by: [exchagne]", `books.trades.windows.by[0]: "exchagne" is no column of the mapping; did you mean exchange?`},
		"no price":        {"price: price, quantity", "quantity", "books.trades.windows.price: is missing"},
		"no quantity":     {", quantity: price", "", "books.trades.windows.quantity: is missing"},
		"no time":         {"time: at, ", "", "books.trades.windows.time: is missing, and the books name no moment"},
		"a length":        {"every: 1h", "every: -1h", `books.trades.windows.every: duration "-1h" is negative`},
		"a sequence":      {"column: trade_id, per", "column: sequence, per", `books.trades.sequences[0].column: "sequence" is no column of the mapping`},
		"of a sequence":   {"per: [exchange]", "per: [nothing]", `books.trades.sequences[0].per[0]: "nothing" is no column`},
		"a mapped column": {"      key: [exchange", "      unmapped: [tags]\n      key: [exchange", `books.trades.mapping.unmapped[0]: column "tags" has a field`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, compared, c.from)
			_, problems := spec.ParsePlatform([]byte(strings.Replace(compared, c.from, c.to, 1)))
			require.ErrorContains(t, problems.Err(), c.want)
		})
	}
}

func TestTheMappingGuidesExampleIsAccepted(t *testing.T) {
	guide, p := guidesPlatform(t, "MAPPING.md")
	for _, as := range spec.MappedTypes() {
		assert.Contains(t, guide, "\n| `"+as+"` |")
	}
	assert.Equal(t, []string{"exchange", "trade_id"}, p.Books["trades"].Mapping.Key)
}
