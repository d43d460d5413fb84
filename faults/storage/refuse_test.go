package storage_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/roottest"
	"github.com/k2-platform/faultline/spec"
)

func TestItIsRefusedWithTheReason(t *testing.T) {
	full := localLake(t.TempDir(), "sql")
	require.NoError(t, full.filled(t.Context(), 2))
	empty := localLake(t.TempDir(), "sql")
	require.NoError(t, empty.filled(t.Context(), 0))
	one := localLake(t.TempDir(), "hadoop")
	require.NoError(t, one.filled(t.Context(), 1))
	other := full
	other.target.Table = &spec.Table{Namespace: namespace, Name: "orders", Catalog: full.target.Table.Catalog}
	nowhere := localLake(filepath.Join(t.TempDir(), "none"), "sql")
	unnamed := full
	unnamed.target.Table = &spec.Table{Namespace: namespace, Name: tableName}
	for name, c := range map[string]struct {
		lake aLake
		with map[string]string
		want string
	}{
		"no such table":      {other, nil, "there is no such table"},
		"no such catalog":    {nowhere, nil, "no such file"},
		"no catalog":         {unnamed, nil, "write catalog: {kind, uri, warehouse} on the target"},
		"an empty table":     {empty, map[string]string{"what": "data"}, "the table is empty, it has no snapshot and so no data"},
		"an empty pointer":   {empty, map[string]string{"what": "pointer"}, "the table is empty"},
		"too many":           {full, map[string]string{"what": "data", "files": "3"}, "the table has 2 of data and not 3"},
		"a directory":        {one, map[string]string{"what": "pointer"}, "a hadoop catalog cannot move a pointer back"},
		"a version's name":   {one, map[string]string{"how": "remove"}, "a writer would take the name of the version that is removed"},
		"how of a pointer":   {full, map[string]string{"how": "old"}, "old is for a pointer"},
		"how of an object":   {full, map[string]string{"what": "pointer", "how": "flip"}, "a pointer is not broken by flip"},
		"files of a pointer": {full, map[string]string{"what": "pointer", "files": "2"}, "a table has one pointer"},
		"no files":           {full, map[string]string{"files": "0"}, "write a whole number from 1"},
		"a word":             {full, map[string]string{"what": "rows"}, "write one of [metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			f := tried(t, c.lake, c.with)
			_, err := f.driver.Plan(t.Context(), f.fault, f.lake.target)
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
			f.nothingLeft()
		})
	}
}

func TestATableThatIsBrokenAlreadyIsLeftAlone(t *testing.T) {
	f := tried(t, localLake(t.TempDir(), "sql"), nil)
	require.NoError(t, f.lake.filled(t.Context(), 1))
	r := f.inject()
	_, err := f.driver.Plan(t.Context(), f.fault, f.lake.target)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "broken already")
	f.rollBack(r)
}

func TestAnObjectThatIsAnotherOneIsNotBroken(t *testing.T) {
	f := tried(t, localLake(t.TempDir(), "sql"), map[string]string{"what": "data"})
	require.NoError(t, f.lake.filled(t.Context(), 1))
	r := f.plan()
	at := strings.TrimPrefix(partsOf(t, r)[0].At, "file://")
	require.NoError(t, os.WriteFile(at, []byte("PAR1 new PAR1"), 0o600))
	require.ErrorIs(t, f.driver.Inject(t.Context(), r), faults.ErrRefused)
	now, err := os.ReadFile(at)
	require.NoError(t, err)
	require.Equal(t, "PAR1 new PAR1", string(now))
	f.rollBack(r)
}

func TestWithoutRoomForACopyNothingIsBroken(t *testing.T) {
	dir := t.TempDir()
	roottest.Disk(t, dir, "64k")
	f := tried(t, localLake(t.TempDir(), "sql"), map[string]string{"what": "data"})
	f.driver.Dir = dir
	require.NoError(t, f.lake.filled(t.Context(), 1))
	r := f.plan()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 48<<10), 0o600))
	err := os.WriteFile(filepath.Join(dir, "rest"), make([]byte, 48<<10), 0o600)
	require.ErrorIs(t, err, unix.ENOSPC)
	err = f.driver.Inject(t.Context(), r)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "nothing was broken")
	f.is(r, faults.Absent)
	require.NoError(t, f.driver.Rollback(t.Context(), r))
	f.lake.once(t, 2)
}

// TestAStoreThatRefusesIsLeftAlone has one that lets us read, and no more.
func TestAStoreThatRefusesIsLeftAlone(t *testing.T) {
	var shut bool
	endpoint, _ := s3Server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if shut && r.Method != http.MethodGet {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	for _, how := range []string{"flip", "remove"} {
		shut = false
		f := tried(t, s3Lake(t.TempDir(), endpoint), map[string]string{"what": "data", "how": how})
		require.NoError(t, f.lake.filled(t.Context(), 1))
		shut = true
		r := f.plan()
		err := f.driver.Inject(t.Context(), r)
		require.ErrorIs(t, err, faults.ErrRefused)
		require.ErrorContains(t, err, "does not allow it")
		f.rollBack(r)
		f.lake.once(t, 2)
	}
}

// TestAStoreThatIsDownIsNoAnswer ends the store while the fault is there.
func TestAStoreThatIsDownIsNoAnswer(t *testing.T) {
	var down bool
	endpoint, _ := s3Server(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if down {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	f := tried(t, s3Lake(t.TempDir(), endpoint), map[string]string{"what": "data"})
	require.NoError(t, f.lake.filled(t.Context(), 1))
	r := f.inject()
	down = true
	got, err := f.driver.Probe(t.Context(), r)
	require.Error(t, err)
	require.Equal(t, faults.Unseen, got)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	require.Error(t, f.driver.Rollback(ctx, r))
	down = false
	f.rollBack(r)
	f.lake.once(t, 2)
}
