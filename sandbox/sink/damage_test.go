package sink

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// warehouse is a table on disk and the writer that fills it.
type warehouse struct {
	lake *lake.Lake
	dir  string
	*writer
	at   lake.Watermark
	dead bool
}

func newWarehouse(t *testing.T, defects ...defect.Defect) *warehouse {
	t.Helper()
	w := &warehouse{dir: t.TempDir(), at: lake.Watermark{}}
	var err error
	w.lake, err = lake.Open(t.Context(), lake.Config{Kind: "sql", URI: filepath.Join(w.dir, "catalog.db"), Warehouse: filepath.Join(w.dir, "warehouse")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.lake.Close()) })
	to, err := lake.OpenTable(t.Context(), w.lake, Definition())
	require.NoError(t, err)
	w.writer = newTestWriter(t, to, defects...)
	w.damage.table, w.damage.die = to, func() { w.dead = true }
	return w
}

// fill writes five batches, the n-th as one row whose trade id is n.
func (w *warehouse) fill(t *testing.T) {
	t.Helper()
	for n := 1; n <= 5; n++ {
		row := aTrade("BHP", "36.01", "65")
		row.TradeID = fmt.Sprint(n)
		next := maps.Clone(w.at)
		next[lake.Partition{Topic: "trades", Partition: 0}] = int64(n)
		err := w.append(t.Context(), []trade.V2{row}, w.at, next)
		if w.dead {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		w.at = next
	}
}

// found is how often each trade id is in the table.
func (w *warehouse) found(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	counts := map[string]int{}
	require.NoError(t, w.lake.Scan(t.Context(), Namespace, Table, lake.ScanOptions{Columns: []string{"trade_id"}}, func(r lake.Row) error {
		id, _ := r.Text("trade_id")
		counts[id]++
		return nil
	}))
	for n := range 20 {
		if c := counts[fmt.Sprint(n)]; c > 0 {
			fmt.Fprintf(&out, "%d×%d ", n, c)
		}
	}
	return strings.TrimSpace(out.String())
}

func (w *warehouse) position(t *testing.T) int64 {
	t.Helper()
	mark, err := w.table.Watermark(t.Context())
	require.NoError(t, err)
	return mark[lake.Partition{Topic: "trades", Partition: 0}]
}

func TestADefectOfBatchesDamagesThoseOfItsRateOnly(t *testing.T) {
	for name, c := range map[string]struct {
		defects []defect.Defect
		want    string
	}{
		"as it should be":   {nil, "1×1 2×1 3×1 4×1 5×1"},
		"a rate not met":    {[]defect.Defect{defect.WriteTwice, defect.OrphanCommit, defect.StaleSnapshot, defect.CommitThenCrash, defect.LoseDataFile}, "1×1 2×1 3×1 4×1 5×1"},
		"write-twice=1/2":   {[]defect.Defect{defect.WriteTwice.In(2)}, "1×1 2×2 3×1 4×2 5×1"},
		"orphan-commit=1/2": {[]defect.Defect{defect.OrphanCommit.In(2)}, "1×1 3×1 5×1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarehouse(t, c.defects...)
			w.fill(t)
			assert.Equal(t, c.want, w.found(t))
			assert.EqualValues(t, 5, w.position(t), "the sink has not noticed")
		})
	}
}

func TestAStaleTableStandsStillForGood(t *testing.T) {
	w := newWarehouse(t, defect.StaleSnapshot.In(2))
	w.fill(t)
	assert.Equal(t, "1×1 2×1", w.found(t))
	assert.EqualValues(t, 2, w.position(t))
	assert.EqualValues(t, 5, w.at[lake.Partition{Topic: "trades", Partition: 0}], "the sink takes itself to be here")
}

func TestASinkThatCrashesAfterThePositionLosesABatch(t *testing.T) {
	w := newWarehouse(t, defect.CommitThenCrash.In(3))
	w.fill(t)
	require.True(t, w.dead)
	assert.Equal(t, "1×1 2×1", w.found(t))
	assert.EqualValues(t, 3, w.position(t), "who goes on from here reads the third batch no more")
}

func TestALostFileIsNoLongerInTheStore(t *testing.T) {
	files := func(w *warehouse) (n int) {
		require.NoError(t, filepath.WalkDir(w.dir, func(path string, _ os.DirEntry, err error) error {
			if strings.HasSuffix(path, ".parquet") {
				n++
			}
			return err
		}))
		return n
	}
	clean := newWarehouse(t)
	clean.fill(t)
	assert.Equal(t, 5, files(clean))

	w := newWarehouse(t, defect.LoseDataFile.In(2))
	w.fill(t)
	assert.Equal(t, 3, files(w))
	_, err := w.lake.Verify(t.Context(), Namespace, Table, 0, 5)
	require.ErrorIs(t, err, lake.ErrCorrupt)
}
