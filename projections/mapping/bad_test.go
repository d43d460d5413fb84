package mapping_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/sandbox/trade"
	"github.com/k2-platform/faultline/spec"
)

func varints(n ...int64) []byte {
	var out []byte
	for _, v := range n {
		out = binary.AppendVarint(out, v)
	}
	return out
}

// TestRecordsThatCannotBeRead are an error each that says which, and never a
// record.
func TestRecordsThatCannotBeRead(t *testing.T) {
	c := compiled(t, sandbox(t), tradeColumns(), lab(t))
	good := encoded(t, sample())
	unframed := good[confluent.FrameSize:]
	text := func(s string) []byte { return append(varints(int64(len(s))), s...) }
	head := bytes.Join([][]byte{text("m"), text("k"), text("s"), text("x")}, nil) // up to asset_class
	trade := func(rest ...byte) []byte { return frame(tradeID, append(bytes.Clone(head), rest...)) }
	// tail is behind the enum: an instant, two decimals, a currency, a side.
	tail := bytes.Join([][]byte{varints(0), text("\x01"), text("\x01"), text("AUD"), varints(0)}, nil)
	for name, tc := range map[string]struct {
		value []byte
		want  error
		says  string
	}{
		"null":                     {nil, mapping.ErrNull, ""},
		"empty":                    {[]byte{}, mapping.ErrNotFramed, ""},
		"text":                     {[]byte("a trade"), mapping.ErrNotFramed, ""},
		"JSON":                     {[]byte(`{"trade_id":"k"}`), mapping.ErrNotFramed, ""},
		"the frame is cut":         {good[:3], mapping.ErrTruncated, ""},
		"the frame alone":          {good[:5], mapping.ErrTruncated, "reading a record of schema 3: field message_id: it ends early"},
		"cut":                      {good[:len(good)-1], mapping.ErrTruncated, "field vendor_data"},
		"unknown id":               {frame(99, unframed), mapping.ErrUnknownSchema, "schema 99"},
		"an id of 32 bits":         {frame(1<<32-1, unframed), mapping.ErrUnknownSchema, ""},
		"a schema of JSON":         {frame(otherID, unframed), mapping.ErrBrokenSchema, "schema 5 is JSON"},
		"a schema that is none":    {frame(brokeID, unframed), mapping.ErrBrokenSchema, "does not compile"},
		"a schema without a field": {frame(olderID, append(text("k"), varints(3)...)), mapping.ErrNoField, "Whole has no field \"trade_id\""},
		"one byte more":            {append(bytes.Clone(good), 0), mapping.ErrForged, "1 bytes are left over"},
		"a length below zero":      {frame(tradeID, varints(-1)), mapping.ErrForged, "a length is -1"},
		"a length without end":     {frame(tradeID, varints(1<<62)), mapping.ErrTruncated, ""},
		"a number of 80 bits":      {frame(tradeID, bytes.Repeat([]byte{0xff}, 12)), mapping.ErrForged, "more than 64 bits"},
		"a symbol that is not":     {trade(append(append(varints(9), tail...), append(varints(0, 0, 0), varints(0, 0)...)...)...), mapping.ErrForged, "no symbol 9"},
		"a branch that is not":     {trade(append(append(varints(0), tail...), varints(0, 7)...)...), mapping.ErrForged, "no branch 7"},
		"a block that is too long": {trade(append(append(varints(0), tail...), varints(1<<40)...)...), mapping.ErrTruncated, ""},
		"a block's size is a lie":  {trade(append(append(varints(0), tail...), varints(-1, 2, 0, 0, 0, 0, 0, 0, 0)...)...), mapping.ErrForged, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var forms mapping.Forms
			err := c.Record(t.Context(), &forms, tc.value)
			require.ErrorIs(t, err, tc.want)
			require.ErrorContains(t, err, tc.says)
			require.Empty(t, forms.Key)
			require.Empty(t, forms.Values)
		})
	}
}

// TestElementsWithoutBytesAreNotCountedForEver is of an array of nulls that says
// it has 2^40 of them.
func TestElementsWithoutBytesAreNotCountedForEver(t *testing.T) {
	schema := confluent.Schema{ID: 1}
	parsed := confluent.Parse(t.Context(), 1, schema.Kind, `{"type":"record","name":"R","fields":[
		{"name":"id","type":"string"},{"name":"n","type":{"type":"array","items":"null"}}]}`)
	require.NoError(t, parsed.Broken)
	m := spec.Mapping{Format: spec.FormatAvro, Registry: "http://r", Key: []string{"id"}, Fields: []spec.MappedField{{Field: "id"}, {Field: "n", Type: spec.AsJSONText}}}
	columns := []mapping.Column{{Name: "id", Type: mapping.ParseType("string")}, {Name: "n", Type: mapping.ParseType("string")}}
	c := compiled(t, m, columns, book{1: parsed})
	var forms mapping.Forms
	require.NoError(t, c.Record(t.Context(), &forms, frame(1, varints(0, 3, 0))))
	for _, blocks := range [][]byte{varints(0, 1<<40), varints(0, -(1 << 40), 0, 0), varints(0, -1<<63, 0, 0)} {
		require.ErrorIs(t, c.Record(t.Context(), &forms, frame(1, blocks)), mapping.ErrForged)
	}
}

func TestAKeyOfAMebibyte(t *testing.T) {
	c := compiled(t, sandbox(t), tradeColumns(), lab(t))
	long := sample()
	long.TradeID = string(bytes.Repeat([]byte("k"), 1<<20))
	var forms mapping.Forms
	for _, tr := range []trade.V2{long, sample(), long} {
		require.NoError(t, c.Record(t.Context(), &forms, encoded(t, tr)))
		key, values := stored(tr)
		require.Equal(t, key, forms.Key)
		require.Equal(t, values, forms.Values)
	}
}

// TestARegistryThatIsAwayComesBack asks a registry over HTTP that answers 503
// for a while.
func TestARegistryThatIsAwayComesBack(t *testing.T) {
	var down atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/schemas/ids/2":
			_, _ = w.Write([]byte(`{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"id\",\"type\":\"string\"}]}"}`))
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error_code":40403,"message":"Schema not found"}`))
		}
	}))
	t.Cleanup(server.Close)
	m := spec.Mapping{Format: spec.FormatAvro, Registry: server.URL, Key: []string{"id"}, Fields: []spec.MappedField{{Field: "id"}}}
	columns := []mapping.Column{{Name: "id", Type: mapping.ParseType("string")}}
	open := func() *mapping.Mapping {
		c, err := mapping.Compile(m, columns, confluent.NewRegistries(server.Client()).At(server.URL))
		require.NoError(t, err)
		return c
	}
	value := frame(2, varints(0))
	var forms mapping.Forms
	c := open()
	down.Store(true)
	require.ErrorIs(t, c.Record(t.Context(), &forms, value), mapping.ErrRegistryAway)
	require.EqualValues(t, 2, forms.SchemaID)
	down.Store(false)
	require.Eventually(t, func() bool { return c.Record(t.Context(), &forms, value) == nil }, 20*time.Second, 50*time.Millisecond)
	down.Store(true)
	require.NoError(t, c.Record(t.Context(), &forms, value), "a schema that was read stays")
	down.Store(false)
	require.ErrorIs(t, c.Record(t.Context(), &forms, frame(3, nil)), mapping.ErrUnknownSchema)
	server.Close()
	require.ErrorIs(t, open().Record(t.Context(), &forms, value), mapping.ErrRegistryAway)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("it is over"))
	require.ErrorIs(t, open().Record(ctx, &forms, value), context.Canceled)
}
