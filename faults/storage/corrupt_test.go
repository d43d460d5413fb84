package storage_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage"
	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/spec"
)

// ways are what can be broken, and how.
func ways() map[string]map[string]string {
	out := map[string]map[string]string{
		"pointer old":    {"what": "pointer", "how": "old"},
		"pointer orphan": {"what": "pointer", "how": "orphan"},
	}
	for _, what := range []string{"metadata", "manifest_list", "manifest", "data"} {
		for _, how := range []string{"truncate", "flip"} {
			out[what+" "+how] = map[string]string{"what": what, "how": how}
		}
	}
	return out
}

// try is a fault on a lake.
type try struct {
	t      testing.TB
	lake   aLake
	driver storage.Driver
	fault  spec.Fault
}

func tried(tb testing.TB, a aLake, with map[string]string) try {
	tb.Helper()
	return try{tb, a, storage.Driver{Dir: tb.TempDir()}, spec.Fault{Kind: storage.Kind, Target: "table", With: with}}
}

func (f try) plan() faults.Receipt {
	f.t.Helper()
	r, err := f.driver.Plan(f.t.Context(), f.fault, f.lake.target)
	require.NoError(f.t, err)
	r.ID = "test"
	return r
}

func (f try) inject() faults.Receipt {
	f.t.Helper()
	r := f.plan()
	require.NoError(f.t, f.driver.Inject(f.t.Context(), r))
	f.is(r, faults.Present)
	return r
}

func (f try) rollBack(r faults.Receipt) {
	f.t.Helper()
	require.NoError(f.t, f.driver.Rollback(f.t.Context(), r))
	f.is(r, faults.Absent)
	f.nothingLeft()
}

func (f try) is(r faults.Receipt, want faults.Presence) {
	f.t.Helper()
	got, err := f.driver.Probe(f.t.Context(), r)
	require.NoError(f.t, err)
	require.Equal(f.t, want.String(), got.String())
}

func (f try) nothingLeft() {
	f.t.Helper()
	entries, err := os.ReadDir(f.driver.Dir)
	require.NoError(f.t, err)
	require.Empty(f.t, entries, "copies are left")
}

// whole reads the table as a reader does, and says whether all is there.
func (f try) whole(rows int) bool {
	found, err := f.lake.rows(f.t.Context())
	return err == nil && len(found) == rows
}

// files are all files below a folder, by their content. Those of SQLite are
// its own affair.
func files(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	out := map[string]string{}
	require.NoError(tb, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(d.Name(), "catalog.db") {
			return err
		}
		raw, err := os.ReadFile(path) //nolint:gosec // a folder of the test's own
		info, statErr := os.Stat(path)
		out[path] = string(raw)
		if statErr == nil {
			out[path] += info.Mode().String()
		}
		return errors.Join(err, statErr)
	}))
	return out
}

type somePart struct {
	At       string
	Was, Now object.Form
}

// partsOf are the objects of the plan.
func partsOf(tb testing.TB, r faults.Receipt) []somePart {
	tb.Helper()
	var parts []somePart
	require.NoError(tb, json.Unmarshal([]byte(r.Undo["objects"]), &parts))
	return parts
}

func TestReadersNoticeAndAllIsPutBack(t *testing.T) {
	for name, with := range ways() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := tried(t, localLake(dir, "sql"), with)
			require.NoError(t, f.lake.filled(t.Context(), 3))
			before := files(t, dir)
			r := f.inject()
			require.False(t, f.whole(6), "readers notice nothing")
			f.rollBack(r)
			require.Equal(t, before, files(t, dir), "byte for byte")
			f.lake.once(t, 6)
			require.Equal(t, int64(6), appendMore(t, f.lake))
		})
	}
}

// appendMore says where the writer goes on.
func appendMore(t *testing.T, a aLake) int64 {
	t.Helper()
	w := startWriter(t, a)
	w.reach(w.at() + 1)
	w.end()
	return w.began
}

func TestOnS3AllIsPutBack(t *testing.T) {
	for name, with := range ways() {
		t.Run(name, func(t *testing.T) {
			endpoint, backend := s3Server(t, nil)
			f := tried(t, s3Lake(t.TempDir(), endpoint), with)
			require.NoError(t, f.lake.filled(t.Context(), 3))
			all := func() map[string]string {
				list, err := backend.ListBucket(bucket, nil, noPage())
				require.NoError(t, err)
				out := map[string]string{}
				for _, o := range list.Contents {
					out[o.Key] = o.ETag
				}
				return out
			}
			before := all()
			r := f.inject()
			require.False(t, f.whole(6), "readers notice nothing")
			f.rollBack(r)
			require.Equal(t, before, all(), "byte for byte")
			f.lake.once(t, 6)
		})
	}
}

func TestTheSameSeedTakesTheSame(t *testing.T) {
	a := localLake(t.TempDir(), "sql")
	require.NoError(t, a.filled(t.Context(), 8))
	taken := map[string]bool{}
	for _, seed := range []string{"1", "1", "2", "3", "4", "5"} {
		r := tried(t, a, map[string]string{"what": "data", "files": "3", "seed": seed}).plan()
		taken[r.Undo["objects"]] = true
		require.Len(t, partsOf(t, r), 3)
	}
	require.Greater(t, len(taken), 1)
	require.Less(t, len(taken), 6, "a seed that stands twice takes the same")
}

// TestADirectoryIsACatalog breaks the newest version, which is the pointer.
func TestADirectoryIsACatalog(t *testing.T) {
	for _, how := range []string{"truncate", "flip"} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			f := tried(t, localLake(dir, "hadoop"), map[string]string{"how": how})
			require.NoError(t, f.lake.filled(t.Context(), 3))
			before := files(t, dir)
			r := f.inject()
			require.False(t, f.whole(6))
			f.rollBack(r)
			require.Equal(t, before, files(t, dir))
		})
	}
}

func TestADamagedCopyOverwritesNothing(t *testing.T) {
	for _, how := range []string{"truncate", "remove"} {
		for name, damage := range map[string]func(string) error{
			"changed": func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) }, "gone": os.Remove,
		} {
			t.Run(how+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				f := tried(t, localLake(dir, "sql"), map[string]string{"what": "data", "how": how, "files": "2"})
				require.NoError(t, f.lake.filled(t.Context(), 3))
				r := f.inject()
				parts := partsOf(t, r)
				copied := filepath.Join(r.Undo["copies"], parts[0].Was.SHA256)
				good, err := os.ReadFile(copied)
				require.NoError(t, err)
				require.NoError(t, damage(copied))
				broken := files(t, dir)
				err = f.driver.Rollback(t.Context(), r)
				require.ErrorContains(t, err, "nothing was overwritten")
				f.is(r, faults.Present)
				at := strings.TrimPrefix(parts[0].At, "file://")
				require.Equal(t, broken[at], files(t, dir)[at])
				require.NoError(t, os.WriteFile(copied, good, 0o600)) // somebody finds it
				f.rollBack(r)
				f.lake.once(t, 6)
			})
		}
	}
}

// TestWhatSomebodyElseWroteStays replaces an object while it is broken.
func TestWhatSomebodyElseWroteStays(t *testing.T) {
	f := tried(t, localLake(t.TempDir(), "sql"), map[string]string{"what": "data"})
	require.NoError(t, f.lake.filled(t.Context(), 1))
	r := f.inject()
	at := strings.TrimPrefix(partsOf(t, r)[0].At, "file://")
	require.NoError(t, os.WriteFile(at, []byte("garbage of somebody"), 0o600))
	require.ErrorContains(t, f.driver.Rollback(t.Context(), r), "left alone")
	_, err := f.driver.Probe(t.Context(), r)
	require.Error(t, err)
	theirs := []byte("PAR1 as they mended it PAR1")
	require.NoError(t, os.WriteFile(at, theirs, 0o600))
	f.rollBack(r)
	now, err := os.ReadFile(at)
	require.NoError(t, err)
	require.True(t, bytes.Equal(theirs, now))
}

func TestWhatIsGoneStaysGone(t *testing.T) {
	for name, vanish := range map[string]func(t *testing.T, dir string, r faults.Receipt){
		"the object": func(t *testing.T, _ string, r faults.Receipt) {
			t.Helper()
			require.NoError(t, os.Remove(strings.TrimPrefix(partsOf(t, r)[0].At, "file://")))
		},
		"the warehouse": func(t *testing.T, dir string, _ faults.Receipt) {
			t.Helper()
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "warehouse")))
		},
		"all of it": func(t *testing.T, dir string, _ faults.Receipt) {
			t.Helper()
			require.NoError(t, os.RemoveAll(dir))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "lake")
			f := tried(t, localLake(dir, "sql"), map[string]string{"what": "data"})
			require.NoError(t, f.lake.filled(t.Context(), 1))
			r := f.inject()
			vanish(t, dir, r)
			f.rollBack(r)
		})
	}
}

// TestADroppedTableIsWholeWhenSomebodyRegistersItAgain drops it from its
// catalog, which leaves the files.
func TestADroppedTableIsWholeWhenSomebodyRegistersItAgain(t *testing.T) {
	for _, how := range []string{"remove", "flip"} {
		dir := t.TempDir()
		f := tried(t, localLake(dir, "sql"), map[string]string{"what": "data", "how": how})
		require.NoError(t, f.lake.filled(t.Context(), 1))
		before := files(t, dir)
		r := f.inject()
		db, err := sql.Open("sqlite", f.lake.config.URI)
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), "DELETE FROM iceberg_tables")
		require.NoError(t, errors.Join(err, db.Close()))
		f.rollBack(r)
		require.Equal(t, before, files(t, dir))
	}
}
