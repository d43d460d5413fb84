package lake

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/apache/iceberg-go/table"
)

// sweep removes files below the table's folder that none of its snapshots
// needs and that are old enough: what a killed or losing writer left. Only data
// files and manifests go: a metadata file that the table does not know of may be
// the one that another catalog points at.
func (k keeping) sweep(ctx context.Context) error {
	base, err := k.lake.load(ctx, k.namespace, k.name)
	if err != nil {
		return err
	}
	plan, err := base.PlanOrphanFiles(ctx, table.WithFilesOlderThan(k.OrphanAge))
	if err != nil && gone(err) && base.CurrentSnapshot() == nil {
		return nil // a table that nothing was written to may have no folder
	}
	if err != nil {
		return diagnose(err)
	}
	store, err := base.FS(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for _, f := range plan.OrphanFiles() {
		if kind := path.Ext(f.Path); kind != ".parquet" && kind != ".avro" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(append(problems, err)...)
		}
		if !k.DryRun {
			if err := store.Remove(f.Path); err != nil && !gone(err) {
				problems = append(problems, fmt.Errorf("removing %s: %w", f.Path, err))
				continue
			}
		}
		k.kept.Orphans++
		k.kept.OrphanBytes += f.SizeBytes
	}
	return errors.Join(problems...)
}
