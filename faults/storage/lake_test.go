package storage_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

const (
	namespace = "market"
	tableName = "trades"
	bucket    = "lake"
)

type trade struct{ offset int64 }

func definition() lake.Definition[trade] {
	return lake.Definition[trade]{
		Namespace: namespace, Name: tableName, SortBy: []string{"offset"},
		Columns: []lake.Column[trade]{lake.Int("offset", func(t trade) int64 { return t.offset })},
	}
}

func trades(from, to int64) []trade {
	var out []trade
	for ; from < to; from++ {
		out = append(out, trade{from})
	}
	return out
}

var source = lake.Partition{Topic: "trades"} //nolint:gochecknoglobals // never written

func mark(next int64) lake.Watermark { return lake.Watermark{source: next} }

// aLake is a table as a writer has it, and as a target.
type aLake struct {
	config lake.Config
	target spec.Target
}

// localLake is a lake of this kind in a folder.
func localLake(dir, kind string) aLake {
	c := lake.Config{Kind: kind, Warehouse: filepath.Join(dir, "warehouse")}
	if kind == "sql" {
		c.URI = filepath.Join(dir, "catalog.db")
	}
	return aLakeOf(c, spec.ObjectStore{})
}

// s3Lake has its files in a store, below a prefix of its own.
func s3Lake(dir, endpoint string) aLake {
	return aLakeOf(lake.Config{
		Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: "s3://" + bucket + "/" + filepath.Base(filepath.Dir(dir)) + filepath.Base(dir),
		Properties: map[string]string{
			"s3.endpoint": endpoint, "s3.region": "us-east-1", "s3.force-virtual-addressing": "false",
			"s3.access-key-id": "key", "s3.secret-access-key": "secret",
		},
	}, spec.ObjectStore{Endpoint: endpoint})
}

func aLakeOf(c lake.Config, s spec.ObjectStore) aLake {
	return aLake{config: c, target: spec.Target{Table: &spec.Table{Namespace: namespace, Name: tableName, Catalog: &spec.Catalog{
		Kind: c.Kind, URI: c.URI, Warehouse: c.Warehouse, Store: s,
	}}}}
}

// filled makes the table, with so many commits of two rows each.
func (a aLake) filled(ctx context.Context, commits int64) (err error) {
	l, err := lake.Open(ctx, a.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	table, err := lake.OpenTable(ctx, l, definition())
	for n := range commits {
		if err == nil {
			_, err = table.Append(ctx, trades(2*n, 2*n+2), mark(2*n), mark(2*n+2))
		}
	}
	return err
}

// appended commits these rows, and no others.
func (a aLake) appended(tb testing.TB, from, to int64) {
	tb.Helper()
	l, err := lake.Open(tb.Context(), a.config)
	require.NoError(tb, err)
	table, err := lake.OpenTable(tb.Context(), l, definition())
	if err == nil {
		_, err = table.Append(tb.Context(), trades(from, to), mark(from), mark(to))
	}
	require.NoError(tb, errors.Join(err, l.Close()))
}

// rows counts how often each offset is in the table.
func (a aLake) rows(ctx context.Context) (found map[int64]int, err error) {
	l, err := lake.Open(ctx, a.config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	found = map[int64]int{}
	return found, l.Scan(ctx, namespace, tableName, lake.ScanOptions{}, func(r lake.Row) error {
		offset, ok := r.Int("offset")
		if !ok {
			return errors.New("a row has no offset")
		}
		found[offset]++
		return nil
	})
}

// once requires that the offsets up to next are in the table, each once.
func (a aLake) once(tb testing.TB, next int64) {
	tb.Helper()
	found, err := a.rows(context.WithoutCancel(tb.Context()))
	require.NoError(tb, err)
	want := map[int64]int{}
	for offset := range next {
		want[offset] = 1
	}
	require.Equal(tb, want, found)
}

// s3Server is a store in this process.
func s3Server(tb testing.TB, wrap func(http.Handler) http.Handler) (string, *s3mem.Backend) {
	tb.Helper()
	backend := s3mem.New()
	require.NoError(tb, backend.CreateBucket(bucket))
	handler := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	tb.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	})
	return server.URL, backend
}

func noPage() gofakes3.ListBucketPage { return gofakes3.ListBucketPage{} }
