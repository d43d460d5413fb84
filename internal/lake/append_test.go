package lake

import (
	"errors"
	"math/big"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAppendKeepsEveryColumn(t *testing.T) {
	for name, config := range map[string]Config{
		"sql":    configIn(t.TempDir()),
		"hadoop": {Kind: "hadoop", Warehouse: t.TempDir()},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, config)
			table := openTable(t, l)
			rows := trades("BHP", 0, 2)
			rows[1].none, rows[1].price = true, nil
			rows[1].symbol = "B\xffP"
			s, err := table.Append(t.Context(), rows, Watermark{}, mark(2))
			require.NoError(t, err)
			require.EqualValues(t, 2, s.TotalRecords)

			got := map[string]map[string]string{}
			require.NoError(t, l.Scan(t.Context(), "chaos", "trades", ScanOptions{}, func(r Row) error {
				offset, _ := r.Text("offset")
				got[offset] = map[string]string{}
				for _, c := range r.Columns() {
					if text, ok := r.Text(c); ok {
						got[offset][c] = text
					} else {
						require.True(t, r.Null(c))
					}
				}
				at, ok := r.Time("at")
				require.True(t, ok)
				n, _ := r.Int("offset")
				require.True(t, at.Equal(rows[n].at), "%s", at)
				ratio, _ := r.Double("ratio")
				require.InDelta(t, rows[n].ratio, ratio, 0)
				return nil
			}))
			require.Equal(t, map[string]map[string]string{
				"0": {
					"symbol": "BHP", "offset": "0", "at": "2026-03-04T23:59:59.123456Z", "price": "12.340000", "ratio": "0",
					"odd": "false", "note": "nBHP", "count": "0", "score": "0", "even": "true", "until": "2026-03-05T00:59:59.123456Z",
				},
				"1": {"symbol": "B\uFFFDP", "offset": "1", "at": "2026-03-05T00:00:00.123456Z", "ratio": "0.25", "odd": "true"},
			}, got)
		})
	}
}

func TestAppendRefusesRowsTwice(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	table := openTable(t, l)
	rows := trades("BHP", 0, 5)
	_, err := table.Append(t.Context(), rows, nil, mark(5))
	require.NoError(t, err)

	_, err = table.Append(t.Context(), rows, nil, mark(5))
	require.ErrorIs(t, err, ErrStale)
	_, err = table.Append(t.Context(), trades("BHP", 9, 1), mark(9), mark(10))
	require.ErrorIs(t, err, ErrStale, "a gap is not skipped")
	_, err = table.Append(t.Context(), nil, mark(5), mark(4))
	require.ErrorContains(t, err, "falls behind")
	requireOnce(t, l, rows)
	got, err := table.Watermark(t.Context())
	require.NoError(t, err)
	require.Equal(t, mark(5), got)
}

func TestAppendWithoutRowsMovesWatermark(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	table := openTable(t, l)
	empty, err := table.Watermark(t.Context())
	require.NoError(t, err)
	require.Equal(t, Watermark{}, empty)
	_, err = table.Append(t.Context(), nil, empty, mark(7))
	require.NoError(t, err)
	s, err := table.Append(t.Context(), trades("BHP", 7, 1), mark(7), mark(8))
	require.NoError(t, err)
	require.EqualValues(t, 1, s.TotalRecords)
	info, err := l.Inspect(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	require.True(t, info.HasSnapshot)
	require.Equal(t, s, info.Snapshot)
	require.Regexp(t, `/00002-[^/]*\.metadata\.json$`, info.Metadata.Location)
}

func TestAppendRefusesTooManyDigits(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	table := openTable(t, l)
	rows := trades("BHP", 0, 2)
	rows[1].price = new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)
	_, err := table.Append(t.Context(), rows, nil, mark(2))
	require.ErrorContains(t, err, "more than 18 digits")
	requireOnce(t, l)
}

// Two processes read the same partition and race: each range is written by
// whichever comes first, and by it alone.
func TestRacingWritersWriteEachRowOnce(t *testing.T) {
	t.Run("sql", func(t *testing.T) { race(t, configIn(t.TempDir())) })
	t.Run("hadoop", func(t *testing.T) { race(t, Config{Kind: "hadoop", Warehouse: t.TempDir()}) })
}

func race(t *testing.T, config Config) {
	t.Helper()
	const last = 60
	var wins [2]int
	var failures [2]error
	var both sync.WaitGroup
	for w := range wins {
		table := openTable(t, open(t, config))
		both.Go(func() {
			for {
				at, err := table.Watermark(t.Context())
				next := at[Partition{Topic: "market.trades", Partition: 3}]
				if err != nil || next == last {
					failures[w] = err
					return
				}
				_, err = table.Append(t.Context(), trades("BHP", next, 3), at, mark(next+3))
				if err != nil && !errors.Is(err, ErrStale) {
					failures[w] = err
					return
				}
				if err == nil {
					wins[w]++
				}
			}
		})
	}
	both.Wait()
	require.NoError(t, errors.Join(failures[:]...))
	require.Equal(t, last/3, wins[0]+wins[1], "a win is a landed commit")
	requireOnce(t, open(t, config), trades("BHP", 0, last))
}
