package storage_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage"
	"github.com/k2-platform/faultline/faults/storage/object"
)

// TestATableThatMovedOnIsBrokenWhereItIs commits between plan and injection.
func TestATableThatMovedOnIsBrokenWhereItIs(t *testing.T) {
	for _, c := range []struct{ catalog, what, how string }{
		{"sql", "metadata", "truncate"},
		{"sql", "metadata", "remove"},
		{"sql", "manifest_list", "flip"},
		{"sql", "pointer", "old"},
		{"sql", "pointer", "orphan"},
		{"hadoop", "metadata", "truncate"},
		{"hadoop", "manifest_list", "remove"},
	} {
		t.Run(c.catalog+" "+c.what+" "+c.how, func(t *testing.T) {
			dir := t.TempDir()
			f := tried(t, localLake(dir, c.catalog), map[string]string{"what": c.what, "how": c.how})
			require.NoError(t, f.lake.filled(t.Context(), 3))
			r := f.plan()
			f.lake.appended(t, 6, 7)
			before := files(t, dir)
			require.NoError(t, f.driver.Inject(t.Context(), r))
			f.is(r, faults.Present)
			require.False(t, f.whole(7), "readers notice nothing")
			require.NoError(t, f.driver.Inject(t.Context(), r), "twice is once")
			f.rollBack(r)
			require.Equal(t, before, files(t, dir), "byte for byte")
			f.lake.once(t, 7)
		})
	}
}

// TestWhatWasChosenAgainIsOnDiskFirst puts a table into each state that a
// crash leaves of an injection which had chosen again, and has another driver
// undo it.
func TestWhatWasChosenAgainIsOnDiskFirst(t *testing.T) {
	dir := t.TempDir()
	f := tried(t, localLake(dir, "sql"), map[string]string{"what": "metadata", "how": "remove"})
	require.NoError(t, f.lake.filled(t.Context(), 3))
	r := f.plan()
	f.lake.appended(t, 6, 7)
	before := files(t, dir)
	require.NoError(t, f.driver.Inject(t.Context(), r))
	copies, broken := files(t, r.Undo["copies"]), chosenParts(t, r)
	require.NotEqual(t, partsOf(t, r)[0].At, broken[0].At, "that of the plan is not what readers open")
	require.NoError(t, f.driver.Rollback(t.Context(), r))
	after := map[string]string{}
	for step, crashed := range map[string]func(){
		"it is chosen":    func() { f.copies(map[string]string{chosenAt(r): copies[chosenAt(r)]}) },
		"it is copied":    func() { f.copies(copies) },
		"it is broken":    func() { f.copies(copies); f.as(after, broken[0].At) },
		"the plan stands": func() {},
	} {
		require.NoError(t, os.MkdirAll(r.Undo["copies"], 0o700))
		crashed()
		other := f
		other.driver = storage.Driver{Dir: t.TempDir()}
		require.NoError(t, other.driver.Rollback(t.Context(), r), step)
		f.is(r, faults.Absent)
		f.nothingLeft()
		require.Equal(t, before, files(t, dir), step)
	}
}

// TestWithoutTheNamesNothingIsOverwritten damages what says which objects
// were chosen.
func TestWithoutTheNamesNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	f := tried(t, localLake(dir, "sql"), nil)
	require.NoError(t, f.lake.filled(t.Context(), 3))
	r := f.plan()
	f.lake.appended(t, 6, 7)
	require.NoError(t, f.driver.Inject(t.Context(), r))
	good, err := os.ReadFile(chosenAt(r))
	require.NoError(t, err)
	broken := files(t, dir)
	for _, bad := range []string{"", "{", `{"metadata_file":"x","objects":[]}`} {
		f.put(chosenAt(r), bad)
		require.ErrorContains(t, f.driver.Rollback(t.Context(), r), "reading which objects are broken")
		got, err := f.driver.Probe(t.Context(), r)
		require.Error(t, err)
		require.Equal(t, faults.Unseen, got)
		require.Equal(t, broken, files(t, dir))
	}
	f.put(chosenAt(r), string(good))
	f.rollBack(r)
	f.lake.once(t, 7)
}

// TestABusyTableIsBrokenEachTime has a sink that commits every 50 ms.
func TestABusyTableIsBrokenEachTime(t *testing.T) {
	for _, name := range []string{"metadata truncate", "metadata remove", "manifest_list flip", "pointer old"} {
		t.Run(name, func(t *testing.T) {
			what, how, _ := strings.Cut(name, " ")
			dir := t.TempDir()
			f := tried(t, localLake(dir, "sql"), map[string]string{"what": what, "how": how})
			require.NoError(t, f.lake.filled(t.Context(), 3))
			w := startPaced(t, f.lake, 50*time.Millisecond)
			again := 0
			for range 8 {
				r := f.plan()
				w.reach(w.at() + 2) // the plan is overtaken for certain: one commit may have been under way
				before := files(t, dir)
				require.NoError(t, f.driver.Inject(t.Context(), r))
				broken := chosenParts(t, r)
				if broken[0].At != partsOf(t, r)[0].At {
					again++
				}
				if what != "pointer" { // a writer may have mended that already
					f.is(r, faults.Present)
					require.Error(t, f.scanned(), "readers notice nothing")
				}
				require.NoError(t, f.driver.Rollback(t.Context(), r))
				f.is(r, faults.Absent)
				f.nothingLeft()
				now := files(t, dir)
				for path, content := range before {
					require.Equal(t, content, now[path], "%s is not what it was", path)
				}
				for _, p := range broken {
					form, err := object.Measure(strings.NewReader(strings.TrimSuffix(now[strings.TrimPrefix(p.At, "file://")], "-rw-r--r--")))
					require.NoError(t, err)
					require.Equal(t, p.Was, form, "%s is not what it was", p.At)
				}
			}
			require.Equal(t, 8, again, "each plan was overtaken")
			w.reach(w.at() + 1)
			f.lake.once(t, w.end())
		})
	}
}

// TestACommitUnderWayIsWaitedFor has one come in that had read the table
// before it was broken.
func TestACommitUnderWayIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	f := tried(t, localLake(dir, "sql"), nil)
	f.driver.Commit = 3 * time.Second
	require.NoError(t, f.lake.filled(t.Context(), 3))
	before := f.plan()
	f.lake.appended(t, 6, 7)
	after := f.plan()
	was, is := before.Undo["metadata_file"], after.Undo["metadata_file"]
	f.pointAt(was)
	r := f.plan()
	whole, intact := files(t, dir), f.text(was)
	injected := make(chan error, 1)
	go func() { injected <- f.driver.Inject(t.Context(), r) }()
	require.Eventually(t, func() bool { return f.text(was) != intact }, 20*time.Second, time.Millisecond)
	f.pointAt(is)
	require.NoError(t, <-injected)
	require.Equal(t, is, chosenParts(t, r)[0].At)
	require.False(t, f.whole(7), "readers notice nothing")
	f.rollBack(r)
	require.Equal(t, whole, files(t, dir), "byte for byte")
	f.lake.once(t, 7)
}

// text is what an object holds; files come and go beside it.
func (f try) text(at string) string {
	raw, err := os.ReadFile(strings.TrimPrefix(at, "file://"))
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func (f try) pointAt(metadata string) {
	f.t.Helper()
	db, err := sql.Open("sqlite", "file:"+f.lake.config.URI+"?_pragma=busy_timeout(5000)") // others look at it
	require.NoError(f.t, err)
	_, err = db.ExecContext(f.t.Context(), "UPDATE iceberg_tables SET metadata_location = ?", metadata)
	require.NoError(f.t, errors.Join(err, db.Close()))
}

func (f try) scanned() error {
	_, err := f.lake.rows(f.t.Context())
	return err
}

func chosenAt(r faults.Receipt) string { return filepath.Join(r.Undo["copies"], "chosen.json") }

// chosenParts are the objects that an injection has chosen after the plan.
func chosenParts(tb testing.TB, r faults.Receipt) []somePart {
	tb.Helper()
	raw, err := os.ReadFile(chosenAt(r))
	require.NoError(tb, err)
	var c struct{ Objects []somePart }
	require.NoError(tb, json.Unmarshal(raw, &c))
	return c.Objects
}
