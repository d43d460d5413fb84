package auditing_test

import (
	"context"
	"fmt"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/spec"
)

// sarama, below the bus, keeps a goroutine for its metrics for ever.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

// trade is a record, as the producer sends it.
type trade struct {
	id       string
	price    int64 // in hundredths
	at       time.Time
	quantity int64
	seq      int64
}

func (t trade) json() []byte {
	return fmt.Appendf(nil, `{"id":%q,"price":"%d.%02d","at":%d,"quantity":"%d","seq":%d}`,
		t.id, t.price/100, t.price%100, t.at.UnixMicro(), t.quantity, t.seq)
}

// lab is a topic and a table, with a sink that does what it is told.
type lab struct {
	t      *testing.T
	kafka  *kgo.Client
	bus    *bus.Bus
	lake   *lake.Lake
	table  *lake.Table[trade]
	books  spec.Books
	sent   []trade // by number, over two partitions
	stored int     // records that the sink has passed
	mark   lake.Watermark
	owned  bool // the table holds the offsets
}

const partitions = 2

func newLab(t *testing.T, owned bool) *lab {
	t.Helper()
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Addr()), kgo.DefaultProduceTopic("trades"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	admin := kadm.NewClient(client)
	for topic, n := range map[string]int32{"trades": partitions, "dead": 1} {
		made, err := admin.CreateTopic(t.Context(), n, 1, nil, topic)
		require.NoError(t, err)
		require.NoError(t, made.Err)
	}
	b, err := bus.Open(bus.Config{Brokers: []string{k.Addr()}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	dir := t.TempDir()
	l, err := lake.Open(t.Context(), lake.Config{Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: filepath.Join(dir, "warehouse")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	table, err := lake.OpenTable(t.Context(), l, lake.Definition[trade]{
		Namespace: "market", Name: "trades", PartitionByDay: "at", SortBy: []string{"id"},
		Columns: []lake.Column[trade]{
			lake.Text("id", func(r trade) string { return r.id }),
			lake.Decimal("price", 18, 4, func(r trade) *big.Int { return big.NewInt(100 * r.price) }),
			lake.Instant("at", func(r trade) time.Time { return r.at }),
			lake.Decimal("quantity", 18, 2, func(r trade) *big.Int { return big.NewInt(100 * r.quantity) }),
			lake.Int("seq", func(r trade) int64 { return r.seq }),
		},
	})
	require.NoError(t, err)
	x := &lab{t: t, kafka: client, bus: b, lake: l, table: table, mark: lake.Watermark{}, owned: owned}
	x.books = spec.Books{
		Topic: "trades", DeadLetters: "dead", Namespace: "market", Table: "trades", Moment: "at",
		Mapping: &spec.Mapping{Format: spec.FormatJSON, Key: []string{"id"}, Fields: []spec.MappedField{
			{Field: "id"}, {Field: "price"}, {Field: "at", Unit: "us"}, {Field: "quantity"}, {Field: "seq"},
		}},
		Windows: &spec.Windows{Price: "price", Quantity: "quantity"}, Sequences: []spec.Sequence{{Column: "seq"}},
	}
	return x
}

// send produces n trades, one a microsecond from a time on.
func (x *lab) send(n int, from time.Time) {
	x.t.Helper()
	var records []*kgo.Record
	for j := range n {
		i := len(x.sent)
		one := trade{fmt.Sprint("T", i), int64(1000 + i), from.Add(time.Duration(j) * time.Microsecond).Truncate(time.Microsecond), int64(i%7 + 1), int64(i)}
		x.sent = append(x.sent, one)
		records = append(records, &kgo.Record{Partition: int32(i % partitions), Value: one.json(), Timestamp: one.at})
	}
	require.NoError(x.t, x.kafka.ProduceSync(context.Background(), records...).FirstErr())
}

// sink stores what was sent up to now, as change says: it gets a trade and
// answers the rows that are written for it.
func (x *lab) sink(change func(i int, t trade) []trade) lake.Snapshot {
	x.t.Helper()
	var rows []trade
	for ; x.stored < len(x.sent); x.stored++ {
		rows = append(rows, change(x.stored, x.sent[x.stored])...)
	}
	next := lake.Watermark{}
	if x.owned {
		for p := range int32(partitions) {
			next[lake.Partition{Topic: "trades", Partition: p}] = int64((x.stored + partitions - 1 - int(p)) / partitions)
		}
	}
	s, err := x.table.Append(x.t.Context(), rows, x.mark, next)
	require.NoError(x.t, err)
	x.mark = next
	return s
}

func faithful(_ int, t trade) []trade { return []trade{t} }

// bury writes a dead letter of a trade.
func (x *lab) bury(i int, why string) {
	x.t.Helper()
	header := func(key, value string) kgo.RecordHeader { return kgo.RecordHeader{Key: key, Value: []byte(value)} }
	require.NoError(x.t, x.kafka.ProduceSync(x.t.Context(), &kgo.Record{Topic: "dead", Value: x.sent[i].json(), Headers: []kgo.RecordHeader{
		header("dlq_topic", "trades"), header("dlq_partition", fmt.Sprint(i%partitions)), header("dlq_offset", fmt.Sprint(i/partitions)), header("dlq_reason", why),
	}}).FirstErr())
}

func (x *lab) platform() *sources.Platform {
	x.t.Helper()
	p, err := sources.Open(x.t.Context(), x.books, x.bus, x.lake)
	require.NoError(x.t, err)
	return p
}
