package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"
	icebergio "github.com/apache/iceberg-go/io"
	"gocloud.dev/blob"
)

// ErrNoFile is that a store has no such file.
var ErrNoFile = errors.New("no such file")

// StoredFile is a file as its store has it, whatever the table says of it.
type StoredFile struct {
	Path     string
	Size     int64
	Modified time.Time
}

// Place is a location without what may be written in more than one way: two
// locations of one file have one place.
func Place(location string) string {
	scheme, rest, ok := strings.Cut(location, "://")
	switch {
	case !ok:
		return strings.TrimPrefix(location, "file:")
	case scheme == "file":
		return rest
	case scheme == "s3a", scheme == "s3n":
		scheme = "s3"
	}
	return scheme + "://" + rest
}

// Stat asks the store for a file; ErrNoFile where it has none.
func (a *Anatomy) Stat(ctx context.Context, location string) (StoredFile, error) {
	if err := ctx.Err(); err != nil {
		return StoredFile{}, err
	}
	out := StoredFile{Path: location}
	var err error
	switch store := a.files.(type) {
	case bucket:
		var found *blob.Attributes
		if found, err = store.Attributes(ctx, key(location)); err == nil {
			out.Size, out.Modified = found.Size, found.ModTime
		}
	case icebergio.StatIO:
		var found fs.FileInfo
		if found, err = store.Stat(location); err == nil {
			out.Size, out.Modified = found.Size(), found.ModTime()
		}
	default:
		return StoredFile{}, fmt.Errorf("looking for %s: its store tells no sizes", location)
	}
	if err != nil && gone(err) {
		return StoredFile{}, fmt.Errorf("looking for %s: %w", location, ErrNoFile)
	}
	if err != nil {
		return StoredFile{}, fmt.Errorf("looking for %s: %w", location, diagnose(err))
	}
	return out, nil
}

// List calls each for every file below the table's location, in the order of
// the store. An error of each ends it and is returned.
func (a *Anatomy) List(ctx context.Context, each func(StoredFile) error) error {
	switch store := a.files.(type) {
	case bucket:
		return a.listBucket(ctx, store, each)
	case icebergio.LocalFS:
		return a.listFolder(ctx, store, each)
	}
	return fmt.Errorf("listing %s: %w", a.Location, errNoListing)
}

// bucket is an object store.
type bucket interface {
	Attributes(ctx context.Context, key string) (*blob.Attributes, error)
	List(o *blob.ListOptions) *blob.ListIterator
}

// key is where an object is in its bucket.
func key(location string) string {
	_, at, _ := strings.Cut(location, "://")
	_, k, _ := strings.Cut(at, "/")
	return k
}

func (a *Anatomy) listBucket(ctx context.Context, store bucket, each func(StoredFile) error) error {
	prefix := strings.TrimSuffix(key(a.Location), "/") + "/"
	root := strings.TrimSuffix(a.Location, key(a.Location))
	for objects := store.List(&blob.ListOptions{Prefix: prefix}); ; {
		o, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listing %s: %w", a.Location, diagnose(err))
		}
		if err := each(StoredFile{Path: root + o.Key, Size: o.Size, Modified: o.ModTime}); err != nil {
			return err
		}
	}
}

func (a *Anatomy) listFolder(ctx context.Context, store icebergio.LocalFS, each func(StoredFile) error) error {
	err := store.WalkDir(a.Location, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		info, err := d.Info()
		if gone(err) {
			return nil // it was removed since it was listed
		}
		if err != nil {
			return err
		}
		return each(StoredFile{Path: path, Size: info.Size(), Modified: info.ModTime()})
	})
	if err != nil {
		return fmt.Errorf("listing %s: %w", a.Location, diagnose(err))
	}
	return nil
}

// Rows is how many rows a Parquet file says that it holds: its footer is read
// and no row. ErrCorrupt is that the file is gone; one that makes no sense is
// an error, too.
func (a *Anatomy) Rows(ctx context.Context, location string) (rows int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	stored, err := a.files.Open(location)
	if err != nil {
		return 0, fmt.Errorf("opening %s: %w", location, diagnose(err))
	}
	reader, err := file.NewParquetReader(stored)
	if err != nil {
		return 0, fmt.Errorf("reading the footer of %s: %w", location, errors.Join(diagnose(err), stored.Close()))
	}
	rows = reader.NumRows()
	if err := reader.Close(); err != nil { // closes the file, too
		return 0, fmt.Errorf("closing %s: %w", location, err)
	}
	return rows, nil
}
