package catalog_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/storage/catalog"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, c spec.Catalog) catalog.Catalog {
	t.Helper()
	got, err := catalog.Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, got.Close()) })
	return got
}

// sqlCatalog has one table, as JdbcCatalog of version 0 has it: without a
// column for its type.
func sqlCatalog(t *testing.T) (spec.Catalog, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.ExecContext(t.Context(), `CREATE TABLE iceberg_tables (catalog_name TEXT, table_namespace TEXT, table_name TEXT,
		metadata_location TEXT, previous_metadata_location TEXT, PRIMARY KEY (catalog_name, table_namespace, table_name));
		INSERT INTO iceberg_tables VALUES ('faultline', 'a.b', 't', 'm2', 'm1'), ('other', 'a.b', 't', 'x', NULL)`)
	require.NoError(t, err)
	return spec.Catalog{Kind: "sql", URI: path}, db
}

func TestSQLMovesOneRowAndNoOther(t *testing.T) {
	c, db := sqlCatalog(t)
	got := open(t, c)
	at, err := got.Pointer(t.Context(), "a.b", "t")
	require.NoError(t, err)
	require.Equal(t, "m2", at)
	_, err = got.Pointer(t.Context(), "a.b", "u")
	require.ErrorIs(t, err, catalog.ErrNoTable)

	m, ok := got.(catalog.Mover)
	require.True(t, ok)
	require.NoError(t, m.Move(t.Context(), "a.b", "t", "m2", "m1"))
	require.NoError(t, m.Move(t.Context(), "a.b", "t", "m2", "m1"), "it is there already")
	require.ErrorIs(t, m.Move(t.Context(), "a.b", "t", "m2", "m3"), catalog.ErrMoved)
	require.ErrorIs(t, m.Move(t.Context(), "a.b", "u", "m2", "m3"), catalog.ErrNoTable)
	var all string
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT group_concat(metadata_location || ' ' || coalesce(previous_metadata_location, '-'), ', ') FROM iceberg_tables").Scan(&all))
	require.Equal(t, "m1 m1, x -", all)
}

func TestSQLMakesNoCatalog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	_, err := catalog.Open(t.Context(), spec.Catalog{Kind: "sql", URI: path})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoFileExists(t, path)
}

// TestOneOfManyMoves has several movers from the same place: one wins.
func TestOneOfManyMoves(t *testing.T) {
	c, _ := sqlCatalog(t)
	var won atomic.Int32
	var all sync.WaitGroup
	for n := range 8 {
		m := open(t, c).(catalog.Mover) //nolint:forcetypeassert // the test fails as well
		all.Go(func() {
			err := m.Move(t.Context(), "a.b", "t", "m2", string(rune('a'+n)))
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, catalog.ErrMoved) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, won.Load())
}

func TestRESTIsAskedByItsPrefix(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("open sesame\n"), 0o600))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := map[string]any{"error": map[string]any{"message": "no table " + r.URL.Path}}
		switch {
		case r.Header.Get("Authorization") != "Bearer open sesame":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.String() == "/v1/config?warehouse=w":
			answer = map[string]any{"defaults": map[string]string{"prefix": "no"}, "overrides": map[string]string{"prefix": "main"}}
		case r.URL.EscapedPath() == "/v1/main/namespaces/a%1Fb/tables/t":
			answer = map[string]any{"metadata-location": "s3://b/m.json"}
		default:
			w.WriteHeader(http.StatusNotFound)
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	c := spec.Catalog{Kind: "rest", URI: server.URL + "/", Warehouse: "w", TokenFile: token}
	got := open(t, c)
	at, err := got.Pointer(t.Context(), "a.b", "t")
	require.NoError(t, err)
	require.Equal(t, "s3://b/m.json", at)
	_, err = got.Pointer(t.Context(), "a.b", "u")
	require.ErrorIs(t, err, catalog.ErrNoTable)
	_, moves := got.(catalog.Mover)
	require.False(t, moves)
	require.NoError(t, os.WriteFile(token, []byte("please"), 0o600))
	_, err = catalog.Open(t.Context(), c)
	require.ErrorContains(t, err, "401")
}

func TestADirectoryHasTheHighestVersion(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "a", "b", "t", "metadata")
	require.NoError(t, os.MkdirAll(at, 0o700))
	for _, name := range []string{"v9.metadata.json", "v10.gz.metadata.json", "v11.metadata.json.claim", "version-hint.text", "00012-x.metadata.json"} {
		require.NoError(t, os.WriteFile(filepath.Join(at, name), nil, 0o600))
	}
	got := open(t, spec.Catalog{Kind: "hadoop", Warehouse: "file://" + dir})
	pointer, err := got.Pointer(t.Context(), "a.b", "t")
	require.NoError(t, err)
	require.Equal(t, "file://"+at+"/v10.gz.metadata.json", pointer)
	_, err = got.Pointer(t.Context(), "a.b", "u")
	require.ErrorIs(t, err, catalog.ErrNoTable)
}

func TestADirectoryInAStoreGoesOnFromItsHint(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/b/n/t/metadata/version-hint.text":
			_, _ = w.Write([]byte("3\n"))
		case "/b/n/t/metadata/v3.metadata.json", "/b/n/t/metadata/v4.metadata.json":
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	got := open(t, spec.Catalog{Kind: "hadoop", Warehouse: "s3://b", Store: spec.ObjectStore{Endpoint: server.URL}})
	pointer, err := got.Pointer(t.Context(), "n", "t")
	require.NoError(t, err)
	require.Equal(t, "s3://b/n/t/metadata/v4.metadata.json", pointer)
	_, err = got.Pointer(t.Context(), "n", "u")
	require.ErrorIs(t, err, catalog.ErrNoTable)
}
