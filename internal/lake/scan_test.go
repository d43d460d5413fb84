package lake

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScan(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	first, err := opened.Append(t.Context(), trades("BHP", 0, 4), nil, mark(4))
	require.NoError(t, err)
	second, err := opened.Append(t.Context(), trades("CBA", 4, 4), mark(4), mark(8))
	require.NoError(t, err)

	tests := map[string]struct {
		options ScanOptions
		want    int
	}{
		"all":                {ScanOptions{}, 8},
		"text":               {ScanOptions{Equals: map[string]string{"symbol": "CBA"}}, 4},
		"not projected":      {ScanOptions{Equals: map[string]string{"odd": "true"}}, 4},
		"two columns":        {ScanOptions{Equals: map[string]string{"symbol": "CBA", "odd": "true"}}, 2},
		"int":                {ScanOptions{Equals: map[string]string{"offset": "5"}}, 1},
		"double":             {ScanOptions{Equals: map[string]string{"ratio": "0.25"}}, 1},
		"instant":            {ScanOptions{Equals: map[string]string{"at": "2026-03-05T00:00:00.123456Z"}}, 1},
		"decimal":            {ScanOptions{Equals: map[string]string{"price": "12.340003"}}, 1},
		"nothing":            {ScanOptions{Equals: map[string]string{"symbol": "ANZ"}}, 0},
		"limit":              {ScanOptions{Limit: 3}, 3},
		"limit and filter":   {ScanOptions{Limit: 3, Equals: map[string]string{"symbol": "CBA"}}, 3},
		"limit beyond":       {ScanOptions{Limit: 99}, 8},
		"an older snapshot":  {ScanOptions{SnapshotID: first.ID}, 4},
		"limit over commits": {ScanOptions{Limit: 6}, 6},
		"what was added":     {ScanOptions{After: first.ID}, 4},
		"of that, some":      {ScanOptions{After: first.ID, Equals: map[string]string{"odd": "true"}}, 2},
		"added by then":      {ScanOptions{After: first.ID, SnapshotID: second.ID}, 4},
		"nothing was added":  {ScanOptions{After: second.ID}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			found, err := offsets(t.Context(), l, test.options)
			require.NoError(t, err)
			require.Len(t, found, test.want)
		})
	}
}

func TestScanReadsOnlyTheColumns(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	_, err := opened.Append(t.Context(), trades("BHP", 0, 1), nil, mark(1))
	require.NoError(t, err)
	require.NoError(t, l.Scan(t.Context(), "chaos", "trades", ScanOptions{
		Columns: []string{"offset", "price"}, Equals: map[string]string{"symbol": "BHP"},
	}, func(r Row) error {
		require.ElementsMatch(t, []string{"offset", "price"}, r.Columns())
		require.True(t, r.Null("symbol"))
		price, ok := r.Double("price")
		require.True(t, ok)
		require.InDelta(t, 12.34, price, 1e-9)
		_, ok = r.Int("price")
		require.False(t, ok)
		return nil
	}))
}

func TestScanProblems(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	_, err := l.Inspect(t.Context(), "chaos", "trades")
	require.ErrorIs(t, err, ErrNoTable)
	opened := openTable(t, l)
	info, err := l.Inspect(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	require.False(t, info.HasSnapshot)
	require.Zero(t, info.Snapshot)
	require.NoError(t, l.Scan(t.Context(), "chaos", "trades", ScanOptions{}, func(Row) error { return errInjected }), "no snapshot, no row")
	_, err = opened.Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err)

	seen := 0
	err = l.Scan(t.Context(), "chaos", "trades", ScanOptions{}, func(Row) error { seen++; return errInjected })
	require.ErrorIs(t, err, errInjected)
	require.Equal(t, 1, seen)
	for want, o := range map[string]ScanOptions{
		`no column "colour"`:    {Equals: map[string]string{"colour": "red"}},
		`no column "size"`:      {Columns: []string{"size"}},
		`column "offset" is lo`: {Equals: map[string]string{"offset": "many"}},
		`no snapshot 42`:        {SnapshotID: 42},
	} {
		err := l.Scan(t.Context(), "chaos", "trades", o, func(Row) error { return nil })
		require.ErrorContains(t, err, want)
	}
	err = l.Scan(t.Context(), "chaos", "nothing", ScanOptions{}, func(Row) error { return errors.New("unreached") })
	require.ErrorIs(t, err, ErrNoTable)
}

// A file that was written before all columns that are asked for has rows, too.
func TestScanOfColumnsThatAFileLacks(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	_, err := openTable(t, l).Append(t.Context(), trades("BHP", 0, 2), nil, mark(2))
	require.NoError(t, err)
	wider := definition()
	wider.Columns = append(wider.Columns, Text("venue", func(trade) string { return "ASX" }))
	newer, err := OpenTable(t.Context(), l, wider)
	require.NoError(t, err)
	_, err = newer.Append(t.Context(), trades("BHP", 2, 1), mark(2), mark(3))
	require.NoError(t, err)
	found := map[string]int{}
	require.NoError(t, l.Scan(t.Context(), "chaos", "trades", ScanOptions{Columns: []string{"venue"}}, func(r Row) error {
		require.Equal(t, []string{"venue"}, r.Columns())
		venue, _ := r.Text("venue")
		found[venue]++
		return nil
	}))
	require.Equal(t, map[string]int{"": 2, "ASX": 1}, found)
}
