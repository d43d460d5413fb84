package lake

import (
	"context"
	"fmt"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type trade struct {
	symbol string
	offset int64
	at     time.Time
	price  *big.Int
	ratio  float64
	odd    bool
	none   bool // optional columns are null
}

func definition() Definition[trade] {
	return Definition[trade]{
		Namespace: "chaos", Name: "trades",
		Columns: []Column[trade]{
			Text("symbol", func(t trade) string { return t.symbol }),
			Int("offset", func(t trade) int64 { return t.offset }),
			Instant("at", func(t trade) time.Time { return t.at }),
			Decimal("price", 18, 6, func(t trade) *big.Int { return t.price }),
			Double("ratio", func(t trade) float64 { return t.ratio }),
			Bool("odd", func(t trade) bool { return t.odd }),
			OptionalText("note", func(t trade) (string, bool) { return "n" + t.symbol, !t.none }),
			OptionalInt("count", func(t trade) (int64, bool) { return -t.offset, !t.none }),
			OptionalDouble("score", func(t trade) (float64, bool) { return t.ratio * 2, !t.none }),
			OptionalBool("even", func(t trade) (bool, bool) { return !t.odd, !t.none }),
			OptionalInstant("until", func(t trade) (time.Time, bool) { return t.at.Add(time.Hour), !t.none }),
		},
		PartitionByDay: "at",
		SortBy:         []string{"symbol", "offset"},
	}
}

func day() time.Time { return time.Date(2026, 3, 4, 23, 59, 59, 123456000, time.UTC) }

// trades makes n trades of a partition, one a second, from the offset on.
func trades(symbol string, from, n int64) []trade {
	rows := make([]trade, n)
	for i := range n {
		offset := from + i
		rows[i] = trade{
			symbol: symbol, offset: offset, at: day().Add(time.Duration(offset) * time.Second),
			price: big.NewInt(12_340_000 + offset), ratio: float64(offset) / 4, odd: offset%2 == 1,
		}
	}
	return rows
}

func mark(next int64) Watermark { return Watermark{{Topic: "market.trades", Partition: 3}: next} }

func configIn(dir string) Config {
	return Config{Kind: "sql", URI: filepath.Join(dir, "lake", "catalog.db"), Warehouse: filepath.Join(dir, "lake", "warehouse")}
}

func open(t *testing.T, c Config) *Lake {
	t.Helper()
	l, err := Open(t.Context(), c)
	require.NoError(t, err)
	l.pause = time.Millisecond
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

func openTable(t *testing.T, l *Lake) *Table[trade] {
	t.Helper()
	table, err := OpenTable(t.Context(), l, definition())
	require.NoError(t, err)
	return table
}

// offsets counts how often each offset of a symbol is in the table.
func offsets(ctx context.Context, l *Lake, o ScanOptions) (map[string]int, error) {
	o.Columns = []string{"symbol", "offset"}
	found := map[string]int{}
	err := l.Scan(ctx, "chaos", "trades", o, func(r Row) error {
		symbol, _ := r.Text("symbol")
		offset, ok := r.Int("offset")
		if !ok {
			return fmt.Errorf("offset is no integer")
		}
		found[fmt.Sprint(symbol, offset)]++
		return nil
	})
	return found, err
}

func requireOnce(t *testing.T, l *Lake, want ...[]trade) {
	t.Helper()
	found, err := offsets(t.Context(), l, ScanOptions{})
	require.NoError(t, err)
	expected := map[string]int{}
	for _, rows := range want {
		for _, row := range rows {
			expected[fmt.Sprint(row.symbol, row.offset)] = 1
		}
	}
	require.Equal(t, expected, found)
}
