package lake

import (
	"context"
	"errors"
	"fmt"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// errNoRows is of a snapshot that added no data file.
var errNoRows = errors.New("it added no data file")

// LoseFile removes from the store one of the data files that a snapshot added,
// and leaves the table as if it were there. It says which. It is for a platform
// that is to be damaged: what the file held can be had from nowhere else.
func (t *Table[T]) LoseFile(ctx context.Context, snapshot int64) (location string, err error) {
	d := t.definition
	defer func() {
		if err != nil {
			err = fmt.Errorf("removing a data file of snapshot %d of %s.%s: %w", snapshot, d.Namespace, d.Name, err)
		}
	}()
	current, err := t.lake.load(ctx, d.Namespace, d.Name)
	if err != nil {
		return "", err
	}
	s := current.SnapshotByID(snapshot)
	if s == nil {
		return "", fmt.Errorf("%w: it never was, or is expired", ErrNoSnapshot)
	}
	files, err := current.FS(ctx)
	if err != nil {
		return "", err
	}
	if location, err = addedBy(s, files); err != nil {
		return "", err
	}
	store, ok := files.(interface{ Remove(name string) error })
	if !ok {
		return "", errors.New("this build cannot write to its store")
	}
	return location, store.Remove(location)
}

// addedBy is one of the data files that a snapshot added.
func addedBy(s *table.Snapshot, files icebergio.IO) (string, error) {
	manifests, err := s.Manifests(files)
	if err != nil {
		return "", diagnose(err)
	}
	for _, m := range manifests {
		for e, err := range m.Entries(files, true) {
			if err != nil {
				return "", diagnose(err)
			}
			if e.SnapshotID() == s.SnapshotID {
				return e.DataFile().FilePath(), nil
			}
		}
	}
	return "", errNoRows
}
