package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"gocloud.dev/blob"
)

// MetadataFile is the file that a catalog named as the current metadata of a
// table, and the way to its store. The zero value names none.
type MetadataFile struct {
	Location string // as the catalog wrote it: a path or a URI

	open table.FSysF
}

func metadataOf(t *table.Table) MetadataFile {
	return MetadataFile{Location: t.MetadataLocation(), open: t.FS}
}

// CheckMetadata reads f from its store and does not ask the catalog, which may
// be the one that cannot read it. Who writes the table may have gone on since
// the catalog named f, and have removed it: so the files of the highest version
// beside it are read, too, where that is higher. ErrCorrupt is that f or one of
// those is there and makes no sense, or that f is gone and nothing newer lies
// beside it; ErrUnreachable that the store did not answer. Other errors are
// neither. nil says that no damage was found, not that the table is well: of a
// newer file that is gone nobody here has heard. The zero f is nil.
//
// Versions are in the names, as the Iceberg specification has them for tables
// in a file system (v3.metadata.json) and in a metastore
// (00003-<uuid>.metadata.json).
func (*Lake) CheckMetadata(ctx context.Context, f MetadataFile) error {
	if f.open == nil {
		return nil
	}
	named := f.read(ctx)
	if named != nil && !gone(named) {
		return named
	}
	newer, err := f.newer(ctx)
	if err != nil {
		return fmt.Errorf("looking for what is newer than %s: %w: %w", f.Location, ErrUnreachable, err)
	}
	if len(newer) == 0 {
		return named
	}
	for _, n := range newer {
		if err := n.read(ctx); err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

func (f MetadataFile) read(ctx context.Context) error {
	if _, err := table.NewFromLocation(ctx, nil, f.Location, f.open, nil); err != nil {
		return fmt.Errorf("reading the metadata %s: %w", f.Location, diagnose(err))
	}
	return nil
}

// newer lists the files beside f that have the highest version, if that is
// higher than its own. Of several all but one were never committed.
func (f MetadataFile) newer(ctx context.Context) ([]MetadataFile, error) {
	folder, own := f.Location[:strings.LastIndexByte(f.Location, '/')+1], path.Base(f.Location)
	names, err := f.beside(ctx, folder)
	if err != nil && !gone(err) {
		return nil, err
	}
	var found []MetadataFile
	highest := version(own)
	for _, name := range names {
		v := version(name)
		if v > highest {
			highest, found = v, nil
		}
		if v == highest && v > version(own) {
			found = append(found, MetadataFile{Location: folder + name, open: f.open})
		}
	}
	return found, nil
}

// version is the number in the name of a metadata file, -1 of any other name.
func version(name string) int {
	end := strings.IndexAny(name, "-.")
	if end < 0 || !strings.Contains(name, ".metadata.json") {
		return -1
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(name[:end], "v"), 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

// errNoListing is of a store that this build can read and not list.
var errNoListing = errors.New("its store cannot be listed")

// beside lists the names in a folder. A bucket is asked itself: its file
// system, as iceberg-go has it, lists for as long as it takes, whatever ctx.
func (f MetadataFile) beside(ctx context.Context, folder string) ([]string, error) {
	files, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	switch store := files.(type) {
	case icebergio.LocalFS:
		entries, err := store.ReadDir(folder)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names, err
	case interface {
		List(o *blob.ListOptions) *blob.ListIterator
	}:
		_, at, _ := strings.Cut(folder, "://")
		_, key, _ := strings.Cut(at, "/")
		for objects := store.List(&blob.ListOptions{Prefix: key, Delimiter: "/"}); ; {
			o, err := objects.Next(ctx)
			if errors.Is(err, io.EOF) {
				return names, nil
			}
			if err != nil {
				return nil, err
			}
			names = append(names, path.Base(o.Key))
		}
	}
	return nil, errNoListing
}
