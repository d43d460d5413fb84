package main

import (
	"fmt"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

// sale is a record of a flow that a test makes by itself.
type sale struct {
	id              string
	price, quantity int64 // whole
	at              time.Time
	seq             int64
}

// flowLab is a topic of one partition, and the table that its records end up in.
type flowLab struct {
	t     *testing.T
	kafka *kgo.Client
	at    lake.Config
	lake  *lake.Lake
	table *lake.Table[sale]
	books spec.Books
	first time.Time // of the first sale: a whole minute, some time ago
	sent  []sale
	mark  lake.Watermark
}

func newFlowLab(t *testing.T) *flowLab {
	t.Helper()
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Addr()), kgo.DefaultProduceTopic("sales"))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	for _, topic := range []string{"sales", "dead"} {
		made, err := kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, topic)
		require.NoError(t, err)
		require.NoError(t, made.Err)
	}
	dir := t.TempDir()
	x := &flowLab{t: t, kafka: client, first: time.Now().Add(-time.Hour).Truncate(time.Minute).UTC(), at: lake.Config{Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: filepath.Join(dir, "warehouse")}}
	x.lake, err = lake.Open(t.Context(), x.at)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.lake.Close()) })
	x.table, err = lake.OpenTable(t.Context(), x.lake, lake.Definition[sale]{
		Namespace: "market", Name: "sales",
		Columns: []lake.Column[sale]{
			lake.Text("id", func(s sale) string { return s.id }),
			lake.Text("venue", func(sale) string { return "ASX" }),
			lake.Text("symbol", func(sale) string { return "BHP" }),
			lake.Decimal("price", 18, 4, func(s sale) *big.Int { return big.NewInt(10_000 * s.price) }),
			lake.Decimal("quantity", 18, 8, func(s sale) *big.Int { return big.NewInt(100_000_000 * s.quantity) }),
			lake.Instant("at", func(s sale) time.Time { return s.at }),
			lake.Int("seq", func(s sale) int64 { return s.seq }),
			lake.Int("lot", func(sale) int64 { return 1 }),
		},
	})
	require.NoError(t, err)
	x.books = spec.Books{
		Brokers: []string{k.Addr()}, Topic: "sales", DeadLetters: "dead", Namespace: "market", Table: "sales", Key: "id", Moment: "at",
		Mapping: &spec.Mapping{Format: spec.FormatJSON, Key: []string{"id"}, Fields: []spec.MappedField{
			{Field: "id"}, {Field: "venue"}, {Field: "symbol"}, {Field: "price"}, {Field: "quantity"}, {Field: "at", Unit: spec.UnitMicros}, {Field: "seq"},
		}},
		Windows:   &spec.Windows{By: []string{"venue", "symbol"}, Price: "price", Quantity: "quantity"},
		Sequences: []spec.Sequence{{Column: "seq"}},
	}
	return x
}

// send produces n sales, one a second from the first on.
func (x *flowLab) send(n int) {
	x.t.Helper()
	for range n {
		i := len(x.sent)
		s := sale{fmt.Sprint("S", i), int64(10 + i), int64(i%3 + 1), x.first.Add(time.Duration(i) * time.Second), int64(i)}
		x.sent = append(x.sent, s)
		value := fmt.Appendf(nil, `{"id":%q,"venue":"ASX","symbol":"BHP","price":"%d","quantity":"%d","at":%d,"seq":%d}`, s.id, s.price, s.quantity, s.at.UnixMicro(), s.seq)
		require.NoError(x.t, x.kafka.ProduceSync(x.t.Context(), &kgo.Record{Value: value, Timestamp: s.at}).FirstErr())
	}
}

// store writes rows, and says that all is stored that was sent.
func (x *flowLab) store(rows ...sale) int64 {
	x.t.Helper()
	next := lake.Watermark{{Topic: "sales"}: int64(len(x.sent))}
	s, err := x.table.Append(x.t.Context(), rows, x.mark, next)
	require.NoError(x.t, err)
	x.mark = next
	return s.ID
}
