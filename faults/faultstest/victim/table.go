package victim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/storage/catalog"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

// table lies in a folder, and is seen by its pointer and the bytes of all its
// files.
func table(tb testing.TB, dir string) Victim {
	tb.Helper()
	at, pointer := filepath.Join(dir, "warehouse"), filepath.Join(dir, "catalog.db")
	c := lake.Config{Kind: "sql", URI: pointer, Warehouse: at}
	require.NoError(tb, fill(tb.Context(), c))
	is := spec.Catalog{Kind: c.Kind, URI: c.URI, Warehouse: c.Warehouse}
	return Victim{
		Target: spec.Target{Table: &spec.Table{Namespace: "market", Name: "trades", Catalog: &is}},
		Look: func() (string, error) {
			named, err := pointerOf(is)
			if err != nil {
				return "", err
			}
			sum, err := bytesOf(at)
			return filepath.Base(named) + ", files " + sum, err
		},
		Gone: func() {
			_ = os.RemoveAll(at)
			_ = os.Remove(pointer)
		},
	}
}

// missed is a table of which a file is to be missing: where all are, nobody
// can say that this one is not.
func missed(tb testing.TB, dir string) Victim {
	tb.Helper()
	v := table(tb, dir)
	v.Outlived = true
	return v
}

// fill makes a table of three commits.
func fill(ctx context.Context, c lake.Config) (err error) {
	l, err := lake.Open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	offset := lake.Int("offset", func(n int64) int64 { return n })
	t, err := lake.OpenTable(ctx, l, lake.Definition[int64]{Namespace: "market", Name: "trades", SortBy: []string{"offset"}, Columns: []lake.Column[int64]{offset}})
	source := lake.Partition{Topic: "trades"}
	for n := range int64(3) {
		if err == nil {
			_, err = t.Append(ctx, []int64{n}, lake.Watermark{source: n}, lake.Watermark{source: n + 1})
		}
	}
	return err
}

func pointerOf(c spec.Catalog) (at string, err error) {
	open, err := catalog.Open(context.Background(), c)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, open.Close()) }()
	return open.Pointer(context.Background(), "market", "trades")
}

// bytesOf tells one state of all files of a folder from any other.
func bytesOf(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)                   //nolint:gosec // a folder of the test's own
		fmt.Fprintf(h, "%q %d %s", path, len(raw), raw) //nolint:errcheck // a hash takes all
		return err
	})
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), err
}
