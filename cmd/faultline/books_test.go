package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/sandbox/trade"
)

// bookLab is a platform with a mapping, its registry and its table, each of
// which a test can change before it checks.
type bookLab struct {
	platform string            // the text
	columns  map[string]string // of the table; nil: there is none
	schema   string            // "": the subject is not there
	away     bool              // the registry
	lake     string            // else, of the settings
}

const booksPlatform = `faultline_platform: v1
name: lab
environment: development
kafka: ["127.0.0.1:1"]
targets: {kafka: {health: {kafka: "127.0.0.1:1"}}}
books:
  trades:
    topic: trades
    namespace: market
    table: trades
    key: trade_id
    mapping:
      format: avro
      registry: REGISTRY
      key: [trade_id]
      fields:
        - {field: trade_id}
        - {field: price, type: decimal, scale: 8}
        - {field: side, type: enum}
services: {kafka: {kafka: "127.0.0.1:1", needs: kafka}}
`

func newBookLab() bookLab {
	return bookLab{platform: booksPlatform, schema: trade.SchemaText(), columns: map[string]string{"trade_id": "string", "price": "decimal(18, 8)", "side": "string"}}
}

// check runs faultline check and gives what it said.
func (b bookLab) check(t *testing.T, more ...string) (code int, said string) {
	t.Helper()
	t.Setenv("FAULTLINE_HOME", "")
	dir := t.TempDir()
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case b.away:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/subjects":
			_, _ = w.Write([]byte(`["trade-value","quotes-value"]`))
		case r.URL.Path == "/subjects/trades-value/versions/latest" && b.schema != "":
			_ = json.NewEncoder(w).Encode(map[string]any{"subject": "trades-value", "version": 3, "id": 7, "schema": b.schema})
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error_code":40401,"message":"Subject not found."}`))
		}
	}))
	t.Cleanup(func() { registry.Close(); http.DefaultClient.CloseIdleConnections() })
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	if b.columns != nil {
		var fields []map[string]any
		for name, of := range b.columns {
			fields = append(fields, map[string]any{"id": len(fields) + 1, "name": name, "type": of, "required": false})
		}
		text, err := json.Marshal(map[string]any{"location": dir, "current-schema-id": 0, "schemas": []any{map[string]any{"schema-id": 0, "fields": fields}}})
		require.NoError(t, err)
		write("lake/market/trades/metadata/v1.metadata.json", string(text))
	}
	lake := b.lake
	if lake == "" {
		lake = "{kind: hadoop, warehouse: " + dir + "/lake}"
	}
	config := write("faultline.yaml", "home: "+dir+"/home\nlake: "+lake+"\n")
	platform := write("platform.yaml", strings.ReplaceAll(b.platform, "REGISTRY", registry.URL))
	document := write("document.yaml", `faultline: v1
title: none
system: lab
environment: development
hypothesis: {claim: c, steady_state: [healthy.kafka], recovers_within: 10s}
expected_impact: {rule: healthy.kafka, optional: true}
rollback_when: []
steps: [{id: a, fault: {kind: none, target: kafka}, for: 1s}]
`)
	var out strings.Builder
	code = run(t.Context(), append([]string{"check", document, "--platform", platform, "--config", config}, more...), &out, &out)
	return code, strings.ReplaceAll(out.String(), dir+"/", "")
}

func TestAMappingThatFits(t *testing.T) {
	code, said := newBookLab().check(t)
	require.Zero(t, code, said)
	assert.Contains(t, said, "platform.yaml: the mappings fit\n  books trades, against trades-value and market.trades: schema holds, columns holds\n")
	assert.NotContains(t, said, "warning")
	_, said = newBookLab().check(t, "--output", "json")
	assert.Contains(t, said, `"schema": "holds"`)
	assert.Contains(t, said, `"table": "holds"`)
}

func TestAWrongMappingIsRefusedWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		wrong func(*bookLab)
		want  []string
	}{
		"a misspelt field": {func(b *bookLab) {
			b.platform = strings.Replace(b.platform, "field: price", "field: prise, column: price", 1)
		}, []string{
			`platform.yaml:18:19: error: books.trades.mapping.fields[1].field: com.k2.marketdata.TradeV2 has no field "prise"; did you mean price?`, "schema violated, columns holds",
		}},
		"a wrong scale": {func(b *bookLab) { b.platform = strings.Replace(b.platform, "scale: 8", "scale: 6", 1) }, []string{
			"platform.yaml:18:48: error: books.trades.mapping.fields[1].scale: scale 6 is not that of column price, which is decimal(18, 8); write scale: 8", "schema holds, columns violated",
		}},
		"a column that is missing": {func(b *bookLab) { delete(b.columns, "side"); b.columns["sied"] = "string" }, []string{
			`platform.yaml:19:19: error: books.trades.mapping.fields[2].field: the table has no column "side"; did you mean sied?`, "columns violated",
		}},
		"a column of a wrong type": {func(b *bookLab) { b.columns["price"] = "double" }, []string{
			"platform.yaml:18:32: error: books.trades.mapping.fields[1].type: type decimal does not fit column price, which is double; write type: double", "columns violated",
		}},
		"a schema that does not fit the table": {func(b *bookLab) { b.columns["trade_id"] = "long" }, []string{
			"platform.yaml:17:11: error: books.trades.mapping.fields[0].type: the record has string, and column trade_id is long", "schema holds, columns violated",
		}},
		"another subject": {func(b *bookLab) { b.schema = "" }, []string{
			"platform.yaml:14:17: error: books.trades.mapping.registry: the registry has no subject trades-value; did you mean trade-value?", "schema violated, columns holds",
		}},
		"another table": {func(b *bookLab) { b.columns = nil }, []string{
			"platform.yaml:10:12: error: books.trades.table: the lake of the settings has no table market.trades", "schema holds, columns violated",
		}},
		"columns of wrong types for what is compared as a whole": {func(b *bookLab) {
			b.platform = strings.Replace(b.platform, "    key: trade_id\n", `    key: trade_id
    moment: side
    windows: {time: trade_id, price: side, quantity: price}
    sequences: [{column: price}]
`, 1)
		}, []string{
			"platform.yaml:12:13: error: books.trades.moment: column side is string, and has to be a timestamp; name a column that is one",
			"platform.yaml:13:21: error: books.trades.windows.time: column trade_id is string, and has to be a timestamp",
			"platform.yaml:13:38: error: books.trades.windows.price: column side is string, and has to be a decimal",
			"platform.yaml:14:26: error: books.trades.sequences[0].column: column price is decimal(18, 8), and has to be a whole number",
			"schema holds, columns violated",
		}},
		"a schema that is none": {func(b *bookLab) { b.schema = `{"type":"nonsense"}` }, []string{
			"platform.yaml:13:15: error: books.trades.mapping.format: its schema cannot be used: schema 7 does not compile", "schema violated",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBookLab()
			c.wrong(&b)
			code, said := b.check(t)
			require.Equal(t, 2, code, said)
			for _, want := range append(c.want, "platform.yaml: refused\n", "document.yaml: accepted") {
				assert.Contains(t, said, want)
			}
		})
	}
}

func TestAColumnThatNobodyComparesIsToldOf(t *testing.T) {
	b := newBookLab()
	b.columns["venue"] = "string"
	code, said := b.check(t)
	require.Zero(t, code, said)
	assert.Contains(t, said, "platform.yaml:17:9: warning: books.trades.mapping.fields: nobody compares venue; map fields to these columns, or write unmapped: [venue]")
	assert.Contains(t, said, "schema holds, columns holds")
	b.platform = strings.Replace(b.platform, "      key: [trade_id]\n", "      key: [trade_id]\n      unmapped: [venue]\n", 1)
	_, said = b.check(t)
	assert.NotContains(t, said, "warning")
}

// TestWhatIsNotSeenIsNoPass: registry or table are away.
func TestWhatIsNotSeenIsNoPass(t *testing.T) {
	for name, c := range map[string]struct {
		wrong func(*bookLab)
		want  []string
	}{
		"the registry is down": {func(b *bookLab) { b.away = true }, []string{
			"platform.yaml:14:17: warning: books.trades.mapping.registry: the mapping was not held against subject trades-value: the registry gives no answer", "schema unknown, columns holds",
		}},
		"the lake is away": {func(b *bookLab) { b.lake = `{kind: rest, uri: "http://127.0.0.1:1"}` }, []string{
			"platform.yaml:10:12: warning: books.trades.table: the mapping was not held against the columns of market.trades", "schema holds, columns unknown",
		}},
		"JSON": {func(b *bookLab) { b.platform = strings.Replace(b.platform, "format: avro", "format: json", 1) }, []string{
			"platform.yaml:13:15: warning: books.trades.mapping.format: JSON has no schema", "schema unknown, columns holds",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBookLab()
			c.wrong(&b)
			code, said := b.check(t)
			require.Zero(t, code, said)
			for _, want := range append(c.want, "platform.yaml: not all could be seen, and what was not seen is not a pass\n") {
				assert.Contains(t, said, want)
			}
			assert.NotContains(t, said, "the mappings fit")
			b.platform = strings.Replace(b.platform, "key: [trade_id]", "key: [price, trade_id]", 1)
			b.columns["price"] = "double"
			if b.lake == "" {
				code, said = b.check(t)
				require.Equal(t, 2, code, "what is seen to be wrong is refused: %s", said)
			}
		})
	}
}
