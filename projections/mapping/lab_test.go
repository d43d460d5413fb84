package mapping_test

import (
	"context"
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/sandbox/trade"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a registry that is a map.
type book map[int]*confluent.Schema

func (b book) Schema(_ context.Context, id int) (*confluent.Schema, error) {
	if s, ok := b[id]; ok {
		return s, nil
	}
	return nil, confluent.ErrNoSchema
}

// The ids of the schemas that the tests know.
const (
	wholeID = 1
	olderID = 2
	tradeID = 3
	protoID = 4
	otherID = 5
	brokeID = 6
)

func text(tb testing.TB, file string) string {
	tb.Helper()
	b, err := os.ReadFile("testdata/" + file)
	require.NoError(tb, err)
	return string(b)
}

func lab(tb testing.TB) book {
	tb.Helper()
	ctx := tb.Context()
	b := book{
		wholeID: confluent.Parse(ctx, wholeID, sr.TypeAvro, text(tb, "whole.avsc")),
		olderID: confluent.Parse(ctx, olderID, sr.TypeAvro, text(tb, "older.avsc")),
		tradeID: confluent.Parse(ctx, tradeID, sr.TypeAvro, trade.SchemaText()),
		protoID: confluent.Parse(ctx, protoID, sr.TypeProtobuf, text(tb, "whole.proto")),
		otherID: confluent.Parse(ctx, otherID, sr.TypeJSON, `{}`),
		brokeID: confluent.Parse(ctx, brokeID, sr.TypeAvro, `{"type":"nonsense"}`),
	}
	for id, s := range b {
		require.Equal(tb, id == brokeID, s.Broken != nil, "%v", s.Broken)
	}
	return b
}

func frame(id uint32, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, id), body...)
}

func schemaOf(tb require.TestingT, file string) *avro.Schema {
	b, err := os.ReadFile("testdata/" + file)
	require.NoError(tb, err)
	s, err := avro.Parse(string(b))
	require.NoError(tb, err)
	return s
}

// tradeColumns are those of the sandbox's table.
func tradeColumns() []mapping.Column {
	of := func(name, written string) mapping.Column {
		return mapping.Column{Name: name, Type: mapping.ParseType(written)}
	}
	return []mapping.Column{
		of("message_id", "string"), of("trade_id", "string"), of("symbol", "string"), of("exchange", "string"), of("asset_class", "string"),
		of("timestamp", "timestamptz"), of("price", "decimal(18, 8)"), of("quantity", "decimal(18, 8)"), of("currency", "string"), of("side", "string"),
		of("trade_conditions", "string"), of("source_sequence", "long"), of("ingestion_timestamp", "timestamptz"), of("platform_sequence", "long"),
		of("vendor_data", "string"),
	}
}

// sandbox is the mapping that the sandbox's platform has.
func sandbox(tb testing.TB) spec.Mapping {
	tb.Helper()
	m := k2.Anywhere().Books["trades"].Mapping
	require.NotNil(tb, m)
	return *m
}

func compiled(tb testing.TB, m spec.Mapping, columns []mapping.Column, b book) *mapping.Mapping {
	tb.Helper()
	c, err := mapping.Compile(m, columns, b)
	require.NoError(tb, err)
	return c
}
