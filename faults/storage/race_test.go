package storage_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/object"
)

// rounds is how often each way is tried while a writer commits; RACE_ROUNDS
// has more.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("RACE_ROUNDS")); err == nil {
		return n
	}
	return 5
}

// TestNoRowIsLostThatWasCommittedMeanwhile breaks and mends a table while a
// writer commits to it all the time.
func TestNoRowIsLostThatWasCommittedMeanwhile(t *testing.T) {
	for name, with := range ways() {
		t.Run(name, func(t *testing.T) { race(t, localLake(t.TempDir(), "sql"), with, rounds()) })
	}
	for _, how := range []string{"truncate", "flip"} {
		t.Run("directory "+how, func(t *testing.T) { race(t, localLake(t.TempDir(), "hadoop"), map[string]string{"how": how}, rounds()) })
	}
	endpoint, _ := s3Server(t, nil)
	for _, name := range []string{"metadata remove", "manifest_list flip", "data truncate", "pointer old"} {
		t.Run("s3 "+name, func(t *testing.T) { race(t, s3Lake(t.TempDir(), endpoint), ways()[name], rounds()) })
	}
}

func race(t *testing.T, a aLake, with map[string]string, rounds int) {
	t.Helper()
	f := tried(t, a, with)
	require.NoError(t, a.filled(t.Context(), 3))
	w := startWriter(t, a)
	for round := range rounds {
		w.reach(w.at() + 1) // it commits before, during and after
		r := f.plan()
		require.NoError(t, f.driver.Inject(t.Context(), r))          // it may commit before the look
		<-time.After(time.Duration(2+round%5*15) * time.Millisecond) // from less than a commit takes to several
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		err := f.driver.Rollback(ctx, r)
		stop()
		require.NoError(t, err)
		f.is(r, faults.Absent)
		f.nothingLeft()
	}
	w.reach(w.at() + 3)
	end := w.end()
	found, err := a.rows(t.Context())
	require.NoError(t, err)
	for offset := range end {
		require.Equal(t, 1, found[offset], "offset %d of %d", offset, end)
	}
	t.Logf("%d injected, %d commits, %d of the writer's tries failed", rounds, w.commits.Load(), w.failures.Load())
}

// TestAPointerThatMovedOnStays has the writer commit on the old version.
func TestAPointerThatMovedOnStays(t *testing.T) {
	for _, how := range []string{"old", "orphan"} {
		t.Run(how, func(t *testing.T) {
			f := tried(t, localLake(t.TempDir(), "sql"), map[string]string{"what": "pointer", "how": how})
			require.NoError(t, f.lake.filled(t.Context(), 3))
			r := f.inject()
			w := startWriter(t, f.lake)
			require.Equal(t, int64(4), w.began, "the writer goes on from the version before")
			w.reach(10)
			w.end()
			f.is(r, faults.Absent)
			f.rollBack(r)
			f.lake.once(t, w.at())
		})
	}
}

// TestAPointerThatMovedOnWithoutItsRowsIsStuck has somebody commit who does
// not write again what is missing.
func TestAPointerThatMovedOnWithoutItsRowsIsStuck(t *testing.T) {
	f := tried(t, localLake(t.TempDir(), "sql"), map[string]string{"what": "pointer"})
	require.NoError(t, f.lake.filled(t.Context(), 3))
	r := f.inject()
	f.lake.appended(t, 4, 5) // of 6
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	err := f.driver.Rollback(ctx, r)
	require.ErrorContains(t, err, "overtaken")
	require.ErrorContains(t, err, "rows are not in the table")
	f.is(r, faults.Present)
	f.lake.once(t, 5)
	f.lake.appended(t, 5, 6)
	f.rollBack(r)
	f.lake.once(t, 6)
}

// TestAnyStepMayBeTheLast puts a table into each state that a crash of the
// agent leaves, and undoes it from the receipt alone.
func TestAnyStepMayBeTheLast(t *testing.T) {
	for _, how := range []string{"truncate", "remove"} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			f := tried(t, localLake(dir, "sql"), map[string]string{"what": "data", "how": how, "files": "2"})
			require.NoError(t, f.lake.filled(t.Context(), 3))
			before := files(t, dir)
			r := f.plan()
			require.NoError(t, f.driver.Inject(t.Context(), r))
			after := files(t, dir)
			copies := files(t, r.Undo["copies"])
			require.NoError(t, f.driver.Rollback(t.Context(), r))
			parts := partsOf(t, r)
			name := strings.TrimPrefix(filepath.Base(r.Undo["copies"]), "storage-copies-")
			for step, crashed := range map[string]func(){
				"the folder is made":    func() {},
				"a copy is half made":   func() { f.put(filepath.Join(r.Undo["copies"], ".tmp-x"), "ha") },
				"the copies are made":   func() { f.copies(copies) },
				"it stands beside":      func() { f.copies(copies); f.beside(parts[0].At, name, "what is to be there") },
				"one object is broken":  func() { f.copies(copies); f.as(after, parts[0].At) },
				"what was is beside":    func() { f.copies(copies); f.as(after, parts[0].At); f.beside(parts[0].At, name, "what was there") },
				"all are broken":        func() { f.copies(copies); f.as(after, parts[0].At, parts[1].At) },
				"one is put back again": func() { f.copies(copies); f.as(after, parts[1].At) },
			} {
				require.NoError(t, os.MkdirAll(r.Undo["copies"], 0o700))
				crashed()
				require.NoError(t, f.driver.Rollback(t.Context(), r), step)
				f.is(r, faults.Absent)
				f.nothingLeft()
				require.Equal(t, before, files(t, dir), step)
			}
		})
	}
}

func (f try) put(path, content string) {
	f.t.Helper()
	require.NoError(f.t, os.WriteFile(path, []byte(content), 0o600))
}

func (f try) copies(all map[string]string) {
	f.t.Helper()
	for path, content := range all {
		f.put(path, content[:len(content)-len("-rw-------")])
	}
}

// as makes objects what they were then.
func (f try) as(then map[string]string, locations ...string) {
	f.t.Helper()
	for _, at := range locations {
		path := strings.TrimPrefix(at, "file://")
		content, ok := then[path]
		if !ok {
			require.NoError(f.t, os.Remove(path))
			continue
		}
		f.put(path, content[:len(content)-len("-rw-------")])
	}
}

func (f try) beside(at, name, content string) {
	f.t.Helper()
	f.put(filepath.Join(filepath.Dir(strings.TrimPrefix(at, "file://")), ".faultline-"+name+"-1"), content)
}

// TestAReceiptOfSomethingElseTouchesNothing has receipts that were tampered with.
func TestAReceiptOfSomethingElseTouchesNothing(t *testing.T) {
	dir := t.TempDir()
	f := tried(t, localLake(dir, "sql"), map[string]string{"what": "data"})
	require.NoError(t, f.lake.filled(t.Context(), 1))
	good := f.plan()
	before := files(t, dir)
	for key, value := range map[string]string{"copies": dir, "table": "", "objects": "[]", "catalog": "{", "metadata_file": ""} {
		r := good
		r.Undo = maps.Clone(good.Undo)
		r.Undo[key] = value
		require.Error(t, f.driver.Inject(t.Context(), r), key)
		require.Error(t, f.driver.Rollback(t.Context(), r), key)
		got, err := f.driver.Probe(t.Context(), r)
		require.Error(t, err, key)
		require.Equal(t, faults.Unseen, got)
	}
	require.Equal(t, before, files(t, dir))
}

// TestReceiptsHoldNoKeys has them in a file, which the receipt names.
func TestReceiptsHoldNoKeys(t *testing.T) {
	endpoint, _ := s3Server(t, nil)
	a := s3Lake(t.TempDir(), endpoint)
	require.NoError(t, a.filled(t.Context(), 1))
	file := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(file, []byte("[default]\naws_access_key_id=me\naws_secret_access_key=hushhush\n"), 0o600))
	a.target.Table.Catalog.Store.CredentialsFile = file
	f := tried(t, a, nil)
	r := f.inject()
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "hushhush")
	require.NoError(t, os.Rename(file, file+".away"))
	err = f.driver.Rollback(t.Context(), r)
	require.ErrorContains(t, err, "reading the store's credentials")
	require.True(t, errors.Is(err, os.ErrNotExist) && !errors.Is(err, object.ErrNone))
	require.NoError(t, os.Rename(file+".away", file))
	f.rollBack(r)
}
