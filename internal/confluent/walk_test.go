package confluent_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/internal/confluent"
)

const nested = `{"type":"record","name":"R","fields":[
	{"name":"flag","type":"boolean"},{"name":"f","type":"float"},{"name":"d","type":"double"},{"name":"x","type":{"type":"fixed","name":"X","size":3}},
	{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"m","type":{"type":"map","values":["null","X"]}},
	{"name":"l","type":{"type":"array","items":"bytes"}},{"name":"next","type":["null","R"]}]}`

func varints(n ...int64) []byte {
	var out []byte
	for _, v := range n {
		out = binary.AppendVarint(out, v)
	}
	return out
}

func parse(t *testing.T, text string) *confluent.Type {
	t.Helper()
	s := confluent.Parse(t.Context(), 1, sr.TypeAvro, text)
	require.NoError(t, s.Broken)
	return s.Avro
}

// TestAWalkEndsWhereTheValueDoes goes over what a library wrote, and finds it
// too short at each of its bytes.
func TestAWalkEndsWhereTheValueDoes(t *testing.T) {
	schema, err := avro.Parse(nested)
	require.NoError(t, err)
	record := func(next any) map[string]any {
		return map[string]any{
			"flag": true, "f": float32(1), "d": 2.0, "x": [3]byte{1, 2, 3}, "e": "B", "m": map[string]any{"k": [3]byte{}, "l": nil},
			"l": []any{[]byte("a"), bytes.Repeat([]byte("b"), 200)}, "next": next,
		}
	}
	body, err := schema.Encode(record(record(nil)))
	require.NoError(t, err)
	of := parse(t, nested)
	w := confluent.WalkOver(body)
	require.NoError(t, w.Skip(of))
	require.Len(t, body, w.At)
	for n := range body {
		w := confluent.WalkOver(body[:n])
		require.ErrorIs(t, w.Skip(of), confluent.ErrEndsEarly, "%d of %d bytes", n, len(body))
	}
}

func TestAWalkDoesNotBelieveSizes(t *testing.T) {
	for name, c := range map[string]struct {
		of   string
		body []byte
		want error
	}{
		"a length below zero":    {`"bytes"`, varints(-1), confluent.ErrForged},
		"a length out of reach":  {`"string"`, varints(1 << 62), confluent.ErrEndsEarly},
		"a number without end":   {`"long"`, bytes.Repeat([]byte{0x80}, 11), confluent.ErrForged},
		"a branch below zero":    {`["null","int"]`, varints(-1), confluent.ErrForged},
		"a branch that is not":   {`["null","int"]`, varints(2), confluent.ErrForged},
		"nulls for ever":         {`{"type":"array","items":"null"}`, varints(1 << 60), confluent.ErrForged},
		"a block out of reach":   {`{"type":"array","items":"int"}`, varints(-3, 1<<50), confluent.ErrEndsEarly},
		"a block below zero":     {`{"type":"map","values":"int"}`, varints(-3, -5), confluent.ErrForged},
		"records in one another": {`{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}`, bytes.Repeat([]byte{2}, 1<<16), confluent.ErrForged},
	} {
		t.Run(name, func(t *testing.T) {
			w := confluent.WalkOver(c.body)
			require.ErrorIs(t, w.Skip(parse(t, c.of)), c.want)
		})
	}
}

// TestItemsAreGoneOver in blocks with a size and without.
func TestItemsAreGoneOver(t *testing.T) {
	body := bytes.Join([][]byte{varints(1), varints(1), []byte("a"), varints(7), varints(-2, 6), varints(1), []byte("b"), varints(8), varints(1), []byte("c"), varints(9), varints(0, 5)}, nil)
	of := parse(t, `{"type":"map","values":"int"}`)
	w := confluent.WalkOver(body)
	var got []string
	require.NoError(t, w.Items(of, func(key []byte) error {
		n, err := w.Long()
		got = append(got, fmt.Sprint(string(key), n))
		return err
	}))
	require.Equal(t, "a7 b8 c9", strings.Join(got, " "))
	require.Equal(t, len(body)-1, w.At)
	w = confluent.WalkOver(varints(-1 << 63))
	require.ErrorIs(t, w.Items(of, func([]byte) error { return nil }), confluent.ErrForged)
	w = confluent.WalkOver(varints(5))
	require.NoError(t, w.Within(varints(6), func() error {
		n, err := w.Long()
		require.EqualValues(t, 6, n)
		return err
	}))
	n, err := w.Long()
	require.NoError(t, err)
	require.EqualValues(t, 5, n)
}
