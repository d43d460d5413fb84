package lake

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/iceberg-go"
)

// Manifest is one manifest as a manifest list names it. Rows are those of the
// data files in it, -1 where the list does not say.
type Manifest struct {
	Path     string
	Size     int64
	Deletes  bool  // its files say which rows are deleted
	Snapshot int64 // that added it
	Added    int64 // rows of files that were added with that snapshot
	Existing int64 // rows of files that were there before

	file iceberg.ManifestFile
}

// TableFile is one live file of a table as a manifest names it.
type TableFile struct {
	Path    string
	Size    int64
	Rows    int64
	Parquet bool
}

// Manifests reads the manifest list of a snapshot. ErrCorrupt is that it is
// gone or makes no sense.
func (a *Anatomy) Manifests(ctx context.Context, s AnatomySnapshot) ([]Manifest, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	files, err := s.snapshot.Manifests(a.files)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest list of snapshot %d, %s: %w", s.ID, s.List, diagnose(err))
	}
	out := make([]Manifest, len(files))
	for i, f := range files {
		out[i] = Manifest{
			Path: f.FilePath(), Size: f.Length(), Deletes: f.ManifestContent() == iceberg.ManifestContentDeletes,
			Snapshot: f.SnapshotID(), Added: f.AddedRows(), Existing: f.ExistingRows(), file: f,
		}
	}
	return out, nil
}

// Files calls each for every live file of a manifest, one after the other: a
// manifest is never held whole. It gives how many bytes were read. An error of
// each ends it and is returned.
func (a *Anatomy) Files(ctx context.Context, m Manifest, each func(TableFile) error) (read int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	stored, err := a.files.Open(m.Path)
	if err != nil {
		return 0, fmt.Errorf("opening manifest %s: %w", m.Path, diagnose(err))
	}
	counted := &counter{from: stored}
	defer func() { read, err = counted.n, errors.Join(err, stored.Close()) }()
	reader, err := iceberg.NewManifestReaderWithProjection(m.file, counted, iceberg.ManifestEntryProjection{})
	if err != nil {
		return 0, fmt.Errorf("reading manifest %s: %w", m.Path, diagnose(err))
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	for {
		entry, err := reader.ReadEntry()
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("reading manifest %s: %w", m.Path, diagnose(err))
		}
		if entry.Status() == iceberg.EntryStatusDELETED {
			continue
		}
		f := entry.DataFile()
		if err := each(TableFile{
			Path: f.FilePath(), Size: f.FileSizeBytes(), Rows: f.Count(), Parquet: f.FileFormat() == iceberg.ParquetFile,
		}); err != nil {
			return 0, err
		}
	}
}

// counter counts the bytes that are read through it.
type counter struct {
	from io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}
