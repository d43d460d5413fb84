package mapping_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/mapping"
)

// hold holds reading to: no panic, one result for one value, nothing but the id
// with an error, forms that can be taken apart, and memory in proportion to the
// value.
func hold(t *testing.T, m *mapping.Mapping, used *mapping.Forms, value []byte) {
	t.Helper()
	before := bytes.Clone(value)
	var fresh mapping.Forms
	err := m.Record(t.Context(), &fresh, value)
	again := m.Record(t.Context(), used, value)
	require.Equal(t, before, value, "the value was written to")
	require.Equal(t, err == nil, again == nil, "%v, and then %v", err, again)
	require.Equal(t, string(fresh.Key), string(used.Key))
	require.Equal(t, string(fresh.Values), string(used.Values))
	if err != nil {
		require.Empty(t, fresh.Key)
		require.Empty(t, fresh.Values)
		return
	}
	n := 0
	for rest := append(bytes.Clone(fresh.Key), fresh.Values...); len(rest) > 0; n++ {
		rest = rest[len(next(t, rest)):]
	}
	require.Len(t, m.Columns(), n)
	require.Less(t, len(fresh.Key)+len(fresh.Values), 1<<20+400*len(value))
}

func FuzzAvro(f *testing.F) {
	m, columns := wholeMapping()
	whole, traded := compiled(f, m, columns, lab(f)), compiled(f, sandbox(f), tradeColumns(), lab(f))
	body, err := schemaOf(f, "older.avsc").Encode(map[string]any{"id": "a", "lots": int64(3)})
	require.NoError(f, err)
	f.Add(body)
	f.Add(encoded(f, sample())[confluent.FrameSize:])
	f.Add(varints(0, 0, -1<<63, 1<<40))
	var used mapping.Forms
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, id := range []uint32{wholeID, olderID, tradeID} {
			hold(t, whole, &used, frame(id, body))
			hold(t, traded, &used, frame(id, body))
		}
		hold(t, whole, &used, body)
	})
}

func FuzzProtobuf(f *testing.F) {
	m, columns := protoMapping()
	b := lab(f)
	c := compiled(f, m, columns, b)
	f.Add(protoValue(f, b, `{"id":"k","price":"-1.5","at":"1969-12-31T23:59:59.999999Z","side":"BUY","amount":"3","venue":{"code":"X","parent":{"code":"Y"}},"tags":["a"],"levels":{"b":"2"}}`)[confluent.FrameSize:])
	f.Add([]byte{2, 2, 0x0a, 1, 'k'})
	var used mapping.Forms
	f.Fuzz(func(t *testing.T, body []byte) { hold(t, c, &used, frame(protoID, body)) })
}

func FuzzJSON(f *testing.F) {
	m, columns := wholeMapping()
	m.Format, m.Registry = "json", ""
	for i := range m.Fields {
		m.Fields[i].Optional = m.Fields[i].Default == nil
	}
	for i := range m.Fields {
		if at := m.Fields[i].Field; at == "at" || at == "at_ms" || at == "at_ns" {
			m.Fields[i].Unit = "millis"
		}
	}
	c := compiled(f, m, columns, nil)
	f.Add([]byte(`{"id":"k","lots":1,"price":"-1.5e3","fee":0.1,"at":1700000000000,"seen":"2026-05-01T12:00:00Z","venue":{"code":"\u0041","parent":null},"tags":[1],"levels":{"a":1}}`))
	f.Add([]byte(`{"id":"k","lots":1e99999999,"rate":1e400,"raw":"AQI="} `))
	var used mapping.Forms
	f.Fuzz(func(t *testing.T, value []byte) { hold(t, c, &used, value) })
}
