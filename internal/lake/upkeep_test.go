package lake

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scattered is a table of n commits, of two rows each.
func scattered(t *testing.T, l *Lake, n int64) *Table[trade] {
	t.Helper()
	opened := openTable(t, l)
	at := Watermark{}
	for i := range n {
		_, err := opened.Append(t.Context(), trades("BHP", 2*i, 2), at, mark(2*i+2))
		require.NoError(t, err)
		at = mark(2*i + 2)
	}
	return opened
}

// everyRow is all that the table says, a line a row.
func everyRow(t *testing.T, l *Lake) []string {
	t.Helper()
	var lines []string
	require.NoError(t, l.Scan(t.Context(), "chaos", "trades", ScanOptions{}, func(r Row) error {
		var line bytes.Buffer
		for _, c := range r.Columns() {
			text, ok := r.Text(c)
			if !ok {
				text = "null"
			}
			line.WriteString(c + "=" + text + " ")
		}
		lines = append(lines, line.String())
		return nil
	}))
	slices.Sort(lines)
	return lines
}

// stored lists the files of the table that end in a suffix.
func stored(t *testing.T, dir, suffix string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, "lake", "warehouse"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == suffix {
			found = append(found, path)
		}
		return err
	}))
	return found
}

func planned(t *testing.T, l *Lake) int {
	t.Helper()
	loaded, err := l.load(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	tasks, err := loaded.Scan().PlanFiles(t.Context())
	require.NoError(t, err)
	return len(tasks)
}

func TestMaintainMergesSmallFilesAndKeepsEveryValue(t *testing.T) {
	for name, config := range map[string]Config{"sql": configIn(t.TempDir()), "hadoop": {Kind: "hadoop", Warehouse: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, config)
			opened := scattered(t, l, 12) // the first second is of another day
			before, files := everyRow(t, l), planned(t, l)
			require.Equal(t, 13, files)

			foreseen, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{DryRun: true})
			require.NoError(t, err)
			require.Equal(t, files, planned(t, l), "a dry run changes nothing")
			kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{})
			require.NoError(t, err)
			assert.Equal(t, 12, kept.Merged)
			assert.Equal(t, 1, kept.Written)
			assert.EqualValues(t, 23, kept.Rows)
			assert.Equal(t, []any{kept.Merged, kept.Written, kept.Rows, kept.MergedBytes},
				[]any{foreseen.Merged, foreseen.Written, foreseen.Rows, foreseen.MergedBytes}, "the dry run told")
			assert.Equal(t, 2, planned(t, l), "a file for each of two days")
			assert.Equal(t, before, everyRow(t, l))

			// It goes on as if nothing had been: watermark, total, owner.
			head, err := opened.Head(t.Context())
			require.NoError(t, err)
			assert.Equal(t, Head{Watermark: mark(24), Own: true}, head)
			s, err := opened.Append(t.Context(), trades("BHP", 24, 1), mark(24), mark(25))
			require.NoError(t, err)
			assert.EqualValues(t, 25, s.TotalRecords)
			again, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{})
			require.NoError(t, err)
			assert.Zero(t, again.Merged, "two files are not worth it")
		})
	}
}

// Old rows have no value in a column that was added since; they are written
// anew with none.
func TestMaintainKeepsRowsFromBeforeAColumn(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	scattered(t, l, 5)
	wider := definition()
	wider.Columns = append(wider.Columns, Text("venue", func(trade) string { return "ASX" }))
	newer, err := OpenTable(t.Context(), l, wider)
	require.NoError(t, err)
	for i := int64(10); i < 15; i++ {
		_, err = newer.Append(t.Context(), trades("BHP", i, 1), mark(i), mark(i+1))
		require.NoError(t, err)
	}
	before := everyRow(t, l)
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{})
	require.NoError(t, err)
	assert.Equal(t, 10, kept.Merged)
	assert.Equal(t, before, everyRow(t, l))
	assert.Contains(t, before[0], "venue=null")
	assert.Contains(t, before[14], "venue=")
}

// beforeCommits has something happen before each commit of a lake, as long as it gives
// true.
func beforeCommits(l *Lake, happens func() bool) {
	more := true
	l.catalog = &faulty{Catalog: l.catalog, commit: func(original func() (table.Metadata, string, error)) (table.Metadata, string, error) {
		more = more && happens()
		return original()
	}}
}

// A writer that commits whenever the keeper is about to: what was written once is
// committed on top of it in the end.
func TestMaintainGoesOnTopOfAWriterThatNeverRests(t *testing.T) {
	dir := t.TempDir()
	l, other := open(t, configIn(dir)), open(t, configIn(dir))
	scattered(t, l, 6)
	theirs := openTable(t, other)
	next := int64(12)
	beforeCommits(l, func() bool {
		_, err := theirs.Append(t.Context(), trades("BHP", next, 2), mark(next), mark(next+2))
		require.NoError(t, err)
		next += 2
		return next < 12+2*(commitTries+2)
	})
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{MinFiles: 6})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, kept.Merged, 6)
	requireOnce(t, l, trades("BHP", 0, next))
	at, err := l.Watermark(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	assert.Equal(t, mark(next), at)
}

// Another keeper merges the same files in between: what was written for nothing
// goes, and the compaction begins again on top of it.
func TestMaintainLosesARaceAndBeginsAgain(t *testing.T) {
	dir := t.TempDir()
	l, other := open(t, configIn(dir)), open(t, configIn(dir))
	scattered(t, l, 6)
	beforeCommits(l, func() bool {
		kept, err := other.Maintain(t.Context(), "chaos", "trades", Upkeep{})
		require.NoError(t, err)
		require.Equal(t, 6, kept.Merged)
		return false
	})
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{})
	require.NoError(t, err)
	assert.Zero(t, kept.Merged, "nothing is left to merge")
	requireOnce(t, l, trades("BHP", 0, 12))
	assert.Equal(t, 2, planned(t, l))
	assert.Len(t, stored(t, dir, ".parquet"), 7+1, "those of 6 commits, one of two days, and what became of them")
}

// The answer of the commit is lost: it landed, and is known to have.
func TestMaintainFindsItsLandedCommit(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	scattered(t, l, 6)
	calls := 0
	l.catalog = &faulty{Catalog: l.catalog, commit: func(original func() (table.Metadata, string, error)) (table.Metadata, string, error) {
		calls++
		meta, at, err := original()
		if calls == 1 && err == nil {
			return nil, "", errInjected
		}
		return meta, at, err
	}}
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{})
	require.NoError(t, err)
	assert.Equal(t, 6, kept.Merged)
	requireOnce(t, l, trades("BHP", 0, 12))
}

// Files whose rows are not those that were read are never committed.
func TestMaintainCommitsNothingThatDiffers(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	scattered(t, l, 6)
	base, err := l.load(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	tasks, err := base.Scan().PlanFiles(t.Context())
	require.NoError(t, err)
	k := keeping{lake: l, namespace: "chaos", name: "trades", Upkeep: Upkeep{}.withDefaults(), kept: &Kept{}}
	other := tasks[1].File
	require.ErrorIs(t, k.compare(t.Context(), base, tasks[:1], []iceberg.DataFile{other}), ErrDiffers, "as many rows, other values")
	require.ErrorIs(t, k.compare(t.Context(), base, tasks[:2], []iceberg.DataFile{other}), ErrDiffers, "a row is missing")
	require.NoError(t, k.compare(t.Context(), base, tasks[1:2], []iceberg.DataFile{other}))
}

func TestMaintainExpiresSnapshotsButNotWhatIsNamed(t *testing.T) {
	dir := t.TempDir()
	l := open(t, configIn(dir))
	opened := scattered(t, l, 4)
	info, err := l.Inspect(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	require.NoError(t, l.Tag(t.Context(), "chaos", "trades", "chaos/x/before", info.ID, 0))
	for i := int64(4); i < 12; i++ {
		_, err := opened.Append(t.Context(), trades("BHP", 2*i, 2), mark(2*i), mark(2*i+2))
		require.NoError(t, err)
	}
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{KeepSnapshots: 2})
	require.NoError(t, err)
	assert.Equal(t, 12, kept.Merged)
	assert.Zero(t, kept.Expired, "they are younger than an hour")

	u := Upkeep{KeepSnapshots: 1, SnapshotAge: time.Nanosecond, DryRun: true}
	foreseen, err := l.Maintain(t.Context(), "chaos", "trades", u)
	require.NoError(t, err)
	u.DryRun = false
	kept, err = l.Maintain(t.Context(), "chaos", "trades", u)
	require.NoError(t, err)
	assert.Equal(t, 11, kept.Expired)
	assert.Equal(t, 2, kept.Snapshots, "one, and the one with a name")
	assert.Equal(t, 11, foreseen.Expired)
	requireOnce(t, l, trades("BHP", 0, 24))

	id, err := l.Tagged(t.Context(), "chaos", "trades", "chaos/x/before")
	require.NoError(t, err)
	found, err := offsets(t.Context(), l, ScanOptions{SnapshotID: id})
	require.NoError(t, err)
	assert.Len(t, found, 8, "the table as it was under that name, though its files were merged")
	assert.Len(t, stored(t, dir, ".parquet"), 5+1, "files of the tag, of which one is still in use, and of the merge")
}

// A merge by another engine knows of no watermark: the newest snapshot that
// has one outlives any number that is asked for.
func TestMaintainKeepsTheWatermark(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := scattered(t, l, 2)
	for range 3 {
		foreign, err := l.load(t.Context(), "chaos", "trades")
		require.NoError(t, err)
		tx := foreign.NewTransaction()
		require.NoError(t, tx.AddFiles(t.Context(), nil, nil, false))
		_, err = tx.Commit(t.Context())
		require.NoError(t, err)
	}
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{KeepSnapshots: 1, SnapshotAge: time.Nanosecond})
	require.NoError(t, err)
	assert.Equal(t, 1, kept.Expired)
	got, err := opened.Watermark(t.Context())
	require.NoError(t, err)
	assert.Equal(t, mark(4), got)
}

func TestMaintainRemovesOrphansOfAge(t *testing.T) {
	dir := t.TempDir()
	l := open(t, configIn(dir))
	scattered(t, l, 2)
	data := stored(t, dir, ".parquet")
	folder := filepath.Dir(data[0])
	orphan := func(name string, age time.Duration) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte("left"), 0o600))
		then := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, then, then))
		return path
	}
	old, young, theirs := orphan("killed.parquet", 25*time.Hour), orphan("under-way.parquet", time.Hour), orphan("notes.txt", 25*time.Hour)
	for _, path := range append(data, stored(t, dir, ".json")...) {
		then := time.Now().Add(-48 * time.Hour)
		require.NoError(t, os.Chtimes(path, then, then))
	}
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{DryRun: true})
	require.NoError(t, err)
	assert.Equal(t, 1, kept.Orphans)
	assert.FileExists(t, old)
	kept, err = l.Maintain(t.Context(), "chaos", "trades", Upkeep{})
	require.NoError(t, err)
	assert.Equal(t, 1, kept.Orphans)
	assert.EqualValues(t, 4, kept.OrphanBytes)
	assert.NoFileExists(t, old)
	assert.FileExists(t, young, "its writer may be about to commit")
	assert.FileExists(t, theirs)
	requireOnce(t, l, trades("BHP", 0, 4))
}

func TestMaintainOfNoTableSaysSo(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	_, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{})
	require.ErrorIs(t, err, ErrNoTable)
	openTable(t, l)
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{})
	require.NoError(t, err, "a table that has no snapshot yet")
	assert.Zero(t, kept.Merged+kept.Expired+kept.Orphans)
}

func TestMaintainOnS3(t *testing.T) {
	at, _ := onS3(t)
	l := open(t, at.config)
	scattered(t, l, 6)
	before := everyRow(t, l)
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{SnapshotAge: time.Nanosecond, KeepSnapshots: 1, OrphanAge: time.Nanosecond})
	require.NoError(t, err)
	assert.Equal(t, 6, kept.Merged)
	assert.Equal(t, 6, kept.Expired)
	assert.Equal(t, before, everyRow(t, l))
}

// Whose rows are the newest is known to each writer, also after a commit of
// the other that only moved the watermark.
func TestHeadTellsWhoWrites(t *testing.T) {
	config := configIn(t.TempDir())
	one, other := openTable(t, open(t, config)), openTable(t, open(t, config))
	own := func(of *Table[trade]) bool {
		head, err := of.Head(context.WithoutCancel(t.Context()))
		require.NoError(t, err)
		return head.Own
	}
	assert.True(t, own(one) && own(other), "nobody wrote")
	_, err := one.Append(t.Context(), trades("BHP", 0, 1), nil, mark(1))
	require.NoError(t, err)
	assert.True(t, own(one))
	assert.False(t, own(other))
	_, err = other.Append(t.Context(), nil, mark(1), mark(5))
	require.NoError(t, err)
	assert.True(t, own(one), "a watermark alone takes nothing from the writer")
	_, err = other.Append(t.Context(), trades("BHP", 5, 1), mark(5), mark(6))
	require.NoError(t, err)
	assert.False(t, own(one))
	assert.True(t, own(other))
}
