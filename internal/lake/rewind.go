package lake

import (
	"context"
	"fmt"
)

// Rewind sets the table back to an older snapshot, as someone does who restores
// it: rows and watermark are those of then, and what was committed since is in
// nobody's history, though its files stay. The snapshot must be an ancestor of
// the current one; ErrNoSnapshot where the table has none of that id. Setting it
// to the current one is nothing. A commit of another writer meanwhile fails it.
func (t *Table[T]) Rewind(ctx context.Context, snapshot int64) error {
	d := t.definition
	base, err := t.lake.load(ctx, d.Namespace, d.Name)
	if err != nil {
		return err
	}
	if base.SnapshotByID(snapshot) == nil {
		return fmt.Errorf("setting %s.%s back: %w %d: it never was, or is expired", d.Namespace, d.Name, ErrNoSnapshot, snapshot)
	}
	if headID(base) == snapshot {
		return nil
	}
	tx := base.NewTransaction()
	if err := tx.RollbackToSnapshot(snapshot); err != nil {
		return fmt.Errorf("setting %s.%s back to snapshot %d: %w", d.Namespace, d.Name, snapshot, err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("setting %s.%s back to snapshot %d: %w", d.Namespace, d.Name, snapshot, err)
	}
	return nil
}
