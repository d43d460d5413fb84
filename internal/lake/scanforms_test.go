package lake

import (
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/digest"
)

func columns(definition Definition[trade]) []string {
	names := []string{"symbol", "offset"}
	for _, c := range definition.Columns {
		if c.name != "symbol" && c.name != "offset" {
			names = append(names, c.name)
		}
	}
	return names
}

// formsOf is what a row's forms have to be, made without arrow.
func formsOf(t trade) (key, values []byte) {
	key = digest.AppendInt(digest.AppendText(nil, t.symbol), t.offset)
	values = digest.AppendInstant(append([]byte(nil), key...), t.at.UnixMicro())
	values = digest.AppendDecimal(values, 0, t.price.Uint64())
	values = digest.AppendDouble(values, t.ratio)
	values = digest.AppendBool(values, t.odd)
	if t.none {
		for range 5 {
			values = digest.AppendNull(values)
		}
		return key, values
	}
	values = digest.AppendText(values, "n"+t.symbol)
	values = digest.AppendInt(values, -t.offset)
	values = digest.AppendDouble(values, 2*t.ratio)
	values = digest.AppendBool(values, !t.odd)
	return key, digest.AppendInstant(values, t.at.Add(time.Hour).UnixMicro())
}

// forms counts what a scan yields, by values.
func forms(t *testing.T, l *Lake, o FormScan) (map[string]int, error) {
	t.Helper()
	var mu sync.Mutex
	found := map[string]int{}
	o.Columns, o.Keys = columns(definition()), 2
	err := l.ScanForms(t.Context(), "chaos", "trades", o, func(_ int, f Forms) error {
		mu.Lock()
		defer mu.Unlock()
		found[string(f.Values)]++
		assert.Equal(t, string(f.Key), string(f.Values[:len(f.Key)]))
		return nil
	})
	return found, err
}

func wanted(groups ...[]trade) map[string]int {
	want := map[string]int{}
	for _, rows := range groups {
		for _, r := range rows {
			_, values := formsOf(r)
			want[string(values)]++
		}
	}
	return want
}

func TestFormsOfRows(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	one, two := trades("BHP", 0, 40), trades("CBA", 40, 40)
	for i := range one {
		one[i].none = i%3 == 0
	}
	first, err := opened.Append(t.Context(), one, nil, mark(40))
	require.NoError(t, err)
	second, err := opened.Append(t.Context(), two, mark(40), mark(80))
	require.NoError(t, err)
	tests := map[string]struct {
		scan FormScan
		want map[string]int
	}{
		"all":                 {FormScan{}, wanted(one, two)},
		"by several":          {FormScan{Workers: 4}, wanted(one, two)},
		"an older snapshot":   {FormScan{SnapshotID: first.ID}, wanted(one)},
		"what was added":      {FormScan{After: first.ID}, wanted(two)},
		"nothing was added":   {FormScan{After: second.ID}, wanted()},
		"files of the window": {FormScan{Instant: "at", From: day(), To: day().Add(time.Second / 2)}, wanted(one[:1])}, // the first day has one row
		"files from a time":   {FormScan{Instant: "until", From: day().Add(time.Hour + 60*time.Second)}, wanted(two)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			found, err := forms(t, l, test.scan)
			require.NoError(t, err)
			require.Equal(t, test.want, found)
		})
	}
}

func TestFormsThatCannotBeRead(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	require.NoError(t, l.ScanForms(t.Context(), "chaos", "trades", FormScan{Columns: []string{"symbol"}}, nil), "a table without rows has none")
	first, err := opened.Append(t.Context(), trades("BHP", 0, 4), nil, mark(4))
	require.NoError(t, err)
	second, err := opened.Append(t.Context(), trades("BHP", 4, 4), mark(4), mark(8))
	require.NoError(t, err)

	_, err = forms(t, l, FormScan{SnapshotID: 7})
	require.ErrorIs(t, err, ErrNoSnapshot)
	_, err = forms(t, l, FormScan{After: 7})
	require.ErrorIs(t, err, ErrNoSnapshot)
	_, err = forms(t, l, FormScan{After: second.ID, SnapshotID: first.ID})
	require.ErrorIs(t, err, ErrNoSnapshot)
	_, err = forms(t, l, FormScan{Instant: "when"})
	require.ErrorContains(t, err, `no column "when"`)
	_, err = forms(t, l, FormScan{Instant: "symbol", From: day()})
	require.ErrorContains(t, err, "symbol")
	require.ErrorContains(t, l.ScanForms(t.Context(), "chaos", "trades", FormScan{Columns: []string{"gone"}}, nil), `no column "gone"`)
	require.ErrorIs(t, l.ScanForms(t.Context(), "chaos", "none", FormScan{}, nil), ErrNoTable)
	stop := fmt.Errorf("enough")
	require.ErrorIs(t, l.ScanForms(t.Context(), "chaos", "trades", FormScan{Columns: []string{"symbol"}, Workers: 3}, func(int, Forms) error { return stop }), stop)
}

// TestRowsThatWereRemovedAreNoAddition: what was added since a snapshot says
// nothing of rows that were taken away again.
func TestRowsThatWereRemovedAreNoAddition(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	first, err := opened.Append(t.Context(), trades("BHP", 0, 4), nil, mark(4))
	require.NoError(t, err)
	_, err = opened.Append(t.Context(), trades("CBA", 4, 4), mark(4), mark(8))
	require.NoError(t, err)
	current, err := l.load(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	tx := current.NewTransaction()
	filter, err := equals(current.Schema(), "symbol", "CBA")
	require.NoError(t, err)
	require.NoError(t, tx.Delete(t.Context(), filter, nil))
	_, err = tx.Commit(t.Context())
	require.NoError(t, err)
	_, err = forms(t, l, FormScan{After: first.ID})
	require.ErrorIs(t, err, ErrNotAppended)
	found, err := forms(t, l, FormScan{})
	require.NoError(t, err)
	require.Equal(t, wanted(trades("BHP", 0, 4)), found)
}

// TestALostFileIsDamage: rows that a manifest names and no file has are not
// taken for rows that are not there.
func TestALostFileIsDamage(t *testing.T) {
	dir := t.TempDir()
	l := open(t, configIn(dir))
	opened := openTable(t, l)
	_, err := opened.Append(t.Context(), trades("BHP", 0, 4), nil, mark(4))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "lake", "warehouse", "*", "trades", "data", "*", "*.parquet"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	require.NoError(t, os.Remove(files[0]))
	_, err = forms(t, l, FormScan{})
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestFilesAreReadInChunks(t *testing.T) {
	tasks := make([]table.FileScanTask, 100)
	for i := range tasks {
		tasks[i].Start, tasks[i].Length = int64(i), formChunk/8
	}
	chunks, n := chunksOf(tasks), int64(0)
	for _, c := range chunks {
		for _, task := range c {
			require.Equal(t, n, task.Start)
			n++
		}
	}
	require.Equal(t, int64(100), n)
	require.Len(t, chunks, 13)
}

func BenchmarkScanForms(b *testing.B) {
	const commits, each = 8, 125_000
	l, err := Open(b.Context(), configIn(b.TempDir()))
	require.NoError(b, err)
	defer func() { require.NoError(b, l.Close()) }()
	opened, err := OpenTable(b.Context(), l, definition())
	require.NoError(b, err)
	for c := range int64(commits) {
		rows := trades("BHP", c*each, each)
		for i := range rows {
			rows[i].at, rows[i].price = day().Truncate(24*time.Hour), big.NewInt(int64(i))
		}
		_, err := opened.Append(b.Context(), rows, mark(c*each), mark((c+1)*each))
		require.NoError(b, err)
	}
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				totals := make([]digest.Buckets, workers)
				for i := range totals {
					totals[i] = digest.NewBuckets(16)
				}
				require.NoError(b, l.ScanForms(b.Context(), "chaos", "trades", FormScan{Columns: columns(definition()), Keys: 2, Workers: workers},
					func(worker int, f Forms) error {
						t := totals[worker]
						t[t.Of(f.Key)].Add(digest.Of(f.Values))
						return nil
					}))
			}
			b.ReportMetric(float64(b.N*commits*each)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
