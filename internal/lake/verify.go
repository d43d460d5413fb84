package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go/table"
)

// Verify reads the current snapshot's manifests, and n of its data files from
// the from-th on, round and round: who calls it often enough has read them all.
// It gives the number of data files. Damage is ErrCorrupt.
func (l *Lake) Verify(ctx context.Context, namespace, name string, from, n int) (files int, err error) {
	current, err := l.load(ctx, namespace, name)
	if err != nil || current.CurrentSnapshot() == nil {
		return 0, err
	}
	scan := current.Scan()
	defer func() {
		if err = errors.Join(err, scan.Close()); err != nil {
			err = fmt.Errorf("verifying %s.%s: %w", namespace, name, err)
		}
	}()
	tasks, err := scan.PlanFiles(ctx)
	if err != nil {
		return 0, diagnose(err)
	}
	slices.SortFunc(tasks, func(a, b table.FileScanTask) int { return cmp.Compare(a.File.FilePath(), b.File.FilePath()) })
	for i := range min(n, len(tasks)) {
		task := tasks[(from+i)%len(tasks)]
		if err := readFile(ctx, scan, task); err != nil {
			return len(tasks), fmt.Errorf("data file %s: %w", task.File.FilePath(), err)
		}
	}
	return len(tasks), nil
}

func readFile(ctx context.Context, scan *table.Scan, task table.FileScanTask) error {
	schema, batches, err := scan.ReadTasks(ctx, []table.FileScanTask{task})
	if err != nil {
		return diagnose(err)
	}
	return eachRow(schema, batches, 0, func(Row) error { return nil }, "")
}
