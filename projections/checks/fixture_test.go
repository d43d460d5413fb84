package checks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/projections/digest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type trade struct {
	id, exchange, symbol string
	at                   time.Time
	price, quantity      int64 // millionths
	sequence             int64
}

func (t trade) key() []byte { return digest.AppendText(nil, t.id) }

func (t trade) forms() []byte {
	out := digest.AppendText(t.key(), t.exchange)
	out = digest.AppendInstant(digest.AppendText(out, t.symbol), t.at.UnixMicro())
	out = amount(amount(out, big.NewInt(t.price)), big.NewInt(t.quantity))
	return digest.AppendInt(out, t.sequence)
}

func amount(dst []byte, n *big.Int) []byte {
	hi := new(big.Int).Rsh(n, 64).Int64()
	return digest.AppendDecimal(dst, hi, new(big.Int).And(n, new(big.Int).SetUint64(^uint64(0))).Uint64())
}

func columns() []checks.Column {
	return []checks.Column{
		{Name: "trade_id", Type: "string"},
		{Name: "exchange", Type: "string"},
		{Name: "symbol", Type: "string"},
		{Name: "timestamp", Type: "timestamptz"},
		{Name: "price", Type: "decimal(18,6)", Scale: 6},
		{Name: "quantity", Type: "decimal(18, 6)", Scale: 6},
		{Name: "source_sequence", Type: "long"},
	}
}

func definition() lake.Definition[trade] {
	return lake.Definition[trade]{
		Namespace: "market_data", Name: "trades", PartitionByDay: "timestamp",
		Columns: []lake.Column[trade]{
			lake.Text("trade_id", func(t trade) string { return t.id }),
			lake.Text("exchange", func(t trade) string { return t.exchange }),
			lake.Text("symbol", func(t trade) string { return t.symbol }),
			lake.Instant("timestamp", func(t trade) time.Time { return t.at }),
			lake.Decimal("price", 18, 6, func(t trade) *big.Int { return big.NewInt(t.price) }),
			lake.Decimal("quantity", 18, 6, func(t trade) *big.Int { return big.NewInt(t.quantity) }),
			lake.Int("source_sequence", func(t trade) int64 { return t.sequence }),
		},
	}
}

// trades are n trades of two symbols, twenty seconds apart.
func trades(n int) []trade {
	out := make([]trade, n)
	for i := range out {
		out[i] = trade{
			id: fmt.Sprintf("T%05d", i), exchange: "ASX", symbol: []string{"BHP", "CBA"}[i%2],
			at:    time.Date(2026, 11, 24, 23, 50, 0, 123456000, time.UTC).Add(time.Duration(i) * 20 * time.Second),
			price: 36_123_456 + int64(i), quantity: 100_000_001 * int64(i%7+1), sequence: int64(i / 2),
		}
	}
	return out
}

// memory is a side that was read already, shared out to two readers.
type memory []trade

func (m memory) Read(_ context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	readers := []func(checks.Record) error{worker(), worker()}
	for i, t := range m {
		if err := readers[i%2](checks.Record{Key: t.key(), Values: t.forms()}); err != nil {
			return checks.Cost{}, err
		}
	}
	return checks.Cost{Rows: int64(len(m))}, nil
}

// stored is the side of a table's current snapshot.
type stored struct{ lake *lake.Lake }

func (s stored) Read(ctx context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	each, cost := worker(), checks.Cost{}
	err := s.lake.Scan(ctx, "market_data", "trades", lake.ScanOptions{}, func(r lake.Row) error {
		cost.Rows++
		var t trade
		t.id, _ = r.Text("trade_id")
		t.exchange, _ = r.Text("exchange")
		t.symbol, _ = r.Text("symbol")
		t.at, _ = r.Time("timestamp")
		t.price, t.quantity = unscaled(r, "price"), unscaled(r, "quantity")
		t.sequence, _ = r.Int("source_sequence")
		return each(checks.Record{Key: t.key(), Values: t.forms()})
	})
	return cost, err
}

func unscaled(r lake.Row, column string) int64 {
	text, _ := r.Text(column)
	n, _ := new(big.Int).SetString(strings.Replace(text, ".", "", 1), 10)
	return n.Int64()
}

// world is a log of trades, a table that holds them, and what the source topic
// says.
type world struct {
	dir    string
	lake   *lake.Lake
	table  *lake.Table[trade]
	log    memory
	next   int64
	places checks.Places
	used   map[int32]int64
	age    time.Duration // of orphans
}

const topic = "market.trades"

func newWorld(t *testing.T, log []trade, batch int) *world {
	t.Helper()
	dir := t.TempDir()
	return inLake(t, dir, lake.Config{Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: filepath.Join(dir, "warehouse")}, log, batch)
}

func inLake(t *testing.T, dir string, c lake.Config, log []trade, batch int) *world {
	t.Helper()
	l, err := lake.Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	table, err := lake.OpenTable(t.Context(), l, definition())
	require.NoError(t, err)
	w := &world{dir: dir, lake: l, table: table, log: log, used: map[int32]int64{7: int64(len(log))}, age: time.Minute}
	for rows := range slices.Chunk(log, batch) {
		w.append(t, rows, len(rows))
	}
	n := int64(len(log))
	w.places = checks.Places{Topic: topic, Start: map[int32]int64{0: 0}, End: map[int32]int64{0: n}, Committed: map[int32]int64{0: n}}
	return w
}

// append writes rows and moves the watermark by so many records.
func (w *world) append(t *testing.T, rows []trade, records int) {
	t.Helper()
	at := func(n int64) lake.Watermark { return lake.Watermark{{Topic: topic}: n} }
	_, err := w.table.Append(t.Context(), rows, at(w.next), at(w.next+int64(records)))
	require.NoError(t, err)
	w.next += int64(records)
}

// Versions and Used implement checks.Registry.
func (w *world) Versions(context.Context) ([]int32, error)     { return []int32{5, 7}, nil }
func (w *world) Used(context.Context) (map[int32]int64, error) { return w.used, nil }

func (w *world) input() checks.Input {
	return checks.Input{
		Name: "market_data.trades", Key: []string{"trade_id"}, Columns: columns(), Log: w.log, Rows: stored{w.lake},
		Table: func(ctx context.Context) (*lake.Anatomy, error) {
			return w.lake.Anatomy(ctx, "market_data", "trades")
		},
		Offsets: func(context.Context) (checks.Places, error) { return w.places, nil }, Registry: w,
		Clock: func() time.Time { return time.Now().Add(time.Hour) },
	}
}

func (w *world) list() []checks.Check {
	return checks.All(checks.Settings{
		Unique: checks.Unique{Slots: 16},
		Sums: checks.Sums{
			By: []string{"exchange", "symbol"}, Time: "timestamp", Every: 5 * time.Minute, Price: "price", Quantity: "quantity",
		},
		Sequences: []checks.Sequence{{Column: "source_sequence", Per: []string{"exchange", "symbol"}}},
		Orphans:   checks.Orphans{Age: w.age},
		Drift:     checks.Drift{Mapped: columns()},
	})
}

func (w *world) run(t *testing.T) []checks.Result {
	t.Helper()
	return checks.Run(t.Context(), w.list(), w.input())
}

// not lists the checks that do not hold, each once.
func not(results []checks.Result) map[string]events.Answer {
	out := map[string]events.Answer{}
	for _, r := range results {
		if r.Answer != events.Holds {
			out[r.Check] = r.Answer
		}
	}
	return out
}

func evidence(results []checks.Result, check string) string {
	for _, r := range results {
		if r.Check == check {
			return r.Evidence
		}
	}
	return ""
}

// file is one of the files of the table that match, the first by name.
func (w *world) file(t *testing.T, pattern string) string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(w.dir, func(path string, _ os.DirEntry, err error) error {
		if ok, _ := filepath.Match(pattern, filepath.Base(path)); ok {
			found = append(found, path)
		}
		return err
	}))
	require.NotEmpty(t, found, pattern)
	slices.Sort(found)
	return found[0]
}

// metadata is where the current metadata file is, and what is in it.
func (w *world) metadata(t *testing.T) (string, map[string]any) {
	t.Helper()
	a, err := w.lake.Anatomy(t.Context(), "market_data", "trades")
	require.NoError(t, err)
	path := lake.Place(a.Metadata)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var meta map[string]any
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	require.NoError(t, d.Decode(&meta))
	return path, meta
}

// tamper changes what the current metadata file says, behind everyone's back.
func (w *world) tamper(t *testing.T, change func(meta map[string]any)) {
	t.Helper()
	path, meta := w.metadata(t)
	change(meta)
	text, err := json.Marshal(meta)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
}
