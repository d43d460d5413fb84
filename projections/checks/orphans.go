package checks

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
)

// OrphanAge is how old a file that nothing refers to has to be by default: any
// writer has committed what it wrote by then, or has given up.
const OrphanAge = 72 * time.Hour

// Orphans expects every file in the table's location to be one that the table
// refers to: data and delete files, manifests and their lists, metadata and
// statistics. An orphan costs space; one that is metadata is a commit that the
// catalog does not know.
type Orphans struct {
	// Age is how old an orphan has to be, OrphanAge where it is 0. Less than
	// writers take for a commit finds files that are about to be referred to.
	Age time.Duration
}

// Name implements Check.
func (Orphans) Name() string { return "orphan_files" }

// Run implements Check.
func (o Orphans) Run(ctx context.Context, in Input) ([]Result, error) {
	if o.Age == 0 {
		o.Age = OrphanAge
	}
	before := in.Clock().Add(-o.Age)
	var known, listed int64
	wrong, cost, err := still(ctx, in, func(a *lake.Anatomy) (examples, Cost, error) {
		refers, read, err := references(ctx, a)
		if err != nil {
			return examples{}, Cost{}, err
		}
		var wrong examples
		known, listed = int64(len(refers)), 0
		err = a.List(ctx, func(f lake.StoredFile) error {
			listed++
			if !refers.has(f.Path) && path.Base(f.Path) != hint && !f.Modified.After(before) {
				wrong.add("%s of %s, %d bytes", f.Path, f.Modified.UTC().Format(timeForm), f.Size)
			}
			return nil
		})
		return wrong, Cost{Rows: listed, Bytes: read}, err
	})
	if err != nil {
		return nil, err
	}
	r := wrong.result(fmt.Sprintf("%d files in the location of %s, %d that it refers to, no other older than %s", listed, in.Name, known, o.Age))
	r.Cost = cost
	return []Result{r}, nil
}

// hint is where a catalog in a file system keeps the number of the version.
const hint = "version-hint.text"

// references are the places of all files that a table refers to. Where one of
// its lists cannot be read nobody can tell what is an orphan.
func references(ctx context.Context, a *lake.Anatomy) (places, int64, error) {
	refers, read := places{}, int64(0)
	for _, f := range a.Named {
		refers.first(f)
	}
	for _, s := range a.Snapshots {
		refers.first(s.List)
		manifests, err := a.Manifests(ctx, s)
		if err != nil {
			return nil, read, err
		}
		for _, m := range manifests {
			if !refers.first(m.Path) {
				continue
			}
			n, err := a.Files(ctx, m, func(f lake.TableFile) error { refers.first(f.Path); return ctx.Err() })
			if read += n; err != nil {
				return nil, read, err
			}
		}
	}
	return refers, read, nil
}
