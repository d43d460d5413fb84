package lake

import (
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"

	"github.com/apache/iceberg-go/table"
	"github.com/stretchr/testify/require"
)

func TestOpenTableAddsColumnsAtTheEnd(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	older := openTable(t, l)
	_, err := older.Append(t.Context(), trades("BHP", 0, 1), nil, mark(1))
	require.NoError(t, err)

	wider := definition()
	wider.Columns = append([]Column[trade]{Text("venue", func(trade) string { return "ASX" })}, wider.Columns...)
	newer, err := OpenTable(t.Context(), l, wider)
	require.NoError(t, err)
	_, err = newer.Append(t.Context(), trades("BHP", 1, 1), mark(1), mark(2))
	require.NoError(t, err)
	// a writer of the older version goes on
	_, err = older.Append(t.Context(), trades("BHP", 2, 1), mark(2), mark(3))
	require.NoError(t, err)

	venues := map[string]string{}
	require.NoError(t, l.Scan(t.Context(), "chaos", "trades", ScanOptions{}, func(r Row) error {
		columns := r.Columns()
		require.Equal(t, "venue", columns[len(columns)-1])
		offset, _ := r.Text("offset")
		if venue, ok := r.Text("venue"); ok {
			venues[offset] = venue
		}
		return nil
	}))
	require.Equal(t, map[string]string{"1": "ASX"}, venues)
	_, err = OpenTable(t.Context(), l, wider)
	require.NoError(t, err, "a required column that was added later is optional in the table")
}

func TestOpenTableRefusesIncompatible(t *testing.T) {
	tests := map[string]struct {
		change func(*Definition[trade])
		want   string
	}{
		"other type": {func(d *Definition[trade]) {
			d.Columns[1] = Text("offset", func(trade) string { return "" })
		}, `column "offset" is long there and string here`},
		"other scale": {func(d *Definition[trade]) {
			d.Columns[3] = Decimal("price", 18, 4, func(trade) *big.Int { return nil })
		}, `decimal(18, 6) there and decimal(18, 4) here`},
		"nullable where required": {func(d *Definition[trade]) {
			d.Columns[0] = OptionalText("symbol", func(trade) (string, bool) { return "", false })
		}, `column "symbol" may not be null there`},
		"required column left out": {func(d *Definition[trade]) {
			d.Columns = d.Columns[:5]
		}, `column "odd" may not be null there and is not written here`},
	}
	l := open(t, configIn(t.TempDir()))
	openTable(t, l)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := definition()
			test.change(&d)
			_, err := OpenTable(t.Context(), l, d)
			require.ErrorIs(t, err, ErrIncompatible)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestOpenTableAtOnce(t *testing.T) {
	config := configIn(t.TempDir())
	var failures [6]error
	var all sync.WaitGroup
	for i := range failures {
		all.Go(func() {
			l, err := Open(t.Context(), config)
			if err == nil {
				_, err = OpenTable(t.Context(), l, definition())
				err = errors.Join(err, l.Close())
			}
			failures[i] = err
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(failures[:]...))
	openTable(t, open(t, config))
}

func TestTableIsPartitionedSortedAndCompressed(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	rows := append(trades("CBA", 0, 2), trades("BHP", 0, 2)...)
	_, err := opened.Append(t.Context(), rows, nil, mark(4))
	require.NoError(t, err)
	loaded, err := l.load(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	require.Equal(t, "zstd", loaded.Properties()[table.ParquetCompressionKey])
	spec := loaded.Spec()
	require.Equal(t, "at_day", spec.Field(0).Name)
	tasks, err := loaded.Scan().PlanFiles(t.Context())
	require.NoError(t, err)
	require.Len(t, tasks, 2, "a file for each of two days")
	var order []string
	require.NoError(t, l.Scan(t.Context(), "chaos", "trades", ScanOptions{Equals: map[string]string{"offset": "0"}}, func(r Row) error {
		symbol, _ := r.Text("symbol")
		order = append(order, symbol)
		return nil
	}))
	require.Equal(t, []string{"BHP", "CBA"}, order)
}

func TestDefinitionProblemsAreJoined(t *testing.T) {
	d := Definition[trade]{
		Namespace: "chaos", Name: "bad", PartitionByDay: "symbol", SortBy: []string{"nowhere"},
		Columns: []Column[trade]{definition().Columns[0], Int("Symbol", func(trade) int64 { return 0 }), {}},
	}
	err := d.Validate()
	for _, want := range []string{"defined twice", "not made by a constructor", "needs an instant column", `sorting by "nowhere"`} {
		require.ErrorContains(t, err, want)
	}
}

// TestAColumnThatIsDroppedBecomesOptional: what an older version filled stays,
// and the rows of the new one have none.
func TestAColumnThatIsDroppedBecomesOptional(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	_, err := openTable(t, l).Append(t.Context(), trades("BHP", 0, 2), nil, mark(2))
	require.NoError(t, err)
	d := definition()
	d.Columns = slices.DeleteFunc(d.Columns, func(c Column[trade]) bool { return c.name == "odd" })
	_, err = OpenTable(t.Context(), l, d)
	require.ErrorIs(t, err, ErrIncompatible)
	d.Dropped = []string{"odd", "never there"}
	for range 2 { // the second time there is nothing to do
		opened, err := OpenTable(t.Context(), l, d)
		require.NoError(t, err)
		w, err := opened.Watermark(t.Context())
		require.NoError(t, err)
		next := w[Partition{Topic: "market.trades", Partition: 3}]
		_, err = opened.Append(t.Context(), trades("CBA", next, 1), w, mark(next+1))
		require.NoError(t, err)
	}
	null := 0
	require.NoError(t, l.Scan(t.Context(), "chaos", "trades", ScanOptions{}, func(r Row) error {
		if r.Null("odd") {
			null++
		}
		return nil
	}))
	require.Equal(t, 2, null)
}
