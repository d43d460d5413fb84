package lake

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/apache/iceberg-go/table"
)

// expireSlack is how many snapshots more than wanted are left before any is
// expired, so that most commits do not pay for it.
const expireSlack = 50

// expire drops all but the newest keep snapshots, and those that a branch or
// tag names, in the commit that tx is about to make. Every commit writes the
// list of all snapshots again, so that a table that keeps them all gets slower
// with each. No row goes: rows are only added here, so each newer snapshot
// holds what an older one held. The files of an expired snapshot that no other
// needs go too.
func expire(base *table.Table, tx *table.Transaction, keep int) error {
	if keep == 0 || len(base.Metadata().Snapshots()) < keep+expireSlack {
		return nil
	}
	return dropSnapshots(tx, keep, 0)
}

func dropSnapshots(tx *table.Transaction, keep int, age time.Duration) error {
	if err := tx.ExpireSnapshots(table.WithRetainLast(keep), table.WithOlderThan(age), table.WithPostCommit(true)); err != nil {
		return fmt.Errorf("expiring all but %d snapshots: %w", keep, err)
	}
	return nil
}

// expire drops snapshots that are neither new nor young nor named, but never
// the newest that has a watermark: without it nobody could append again.
func (k keeping) expire(ctx context.Context) error {
	var last error
	for try := range commitTries {
		if try > 0 {
			if err := sleep(ctx, k.lake.backoff(try)); err != nil {
				return err
			}
		}
		base, err := k.lake.load(ctx, k.namespace, k.name)
		if err != nil {
			return err
		}
		before := len(base.Metadata().Snapshots())
		k.kept.Snapshots = before
		if before == 0 {
			return nil
		}
		tx := base.NewTransaction()
		if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
			return fmt.Errorf("pinning snapshot: %w", err)
		}
		if err := dropSnapshots(tx, max(k.KeepSnapshots, marked(base)), k.SnapshotAge); err != nil {
			return err
		}
		staged, err := tx.StagedTable()
		if err != nil {
			return fmt.Errorf("counting what expires: %w", err)
		}
		left := len(staged.Metadata().Snapshots())
		if left == before || k.DryRun {
			k.kept.Snapshots, k.kept.Expired = left, before-left
			return nil
		}
		committed, err := tx.Commit(ctx)
		if committed != nil {
			k.kept.Snapshots, k.kept.Expired = left, before-left
			if err == nil || allGone(err) {
				return nil
			}
			return fmt.Errorf("removing files of expired snapshots; those that are left are orphans now: %w", err)
		}
		last = fmt.Errorf("committing: %w", diagnose(err))
		now, err := k.lake.load(ctx, k.namespace, k.name)
		if err != nil {
			return err
		}
		if !retryable(last) && now.MetadataLocation() == base.MetadataLocation() {
			return last // nobody raced
		}
	}
	return fmt.Errorf("giving up after %d lost commits: %w", commitTries, last)
}

// allGone says that no more went wrong than that files were not there. Those
// that a merge replaced are removed with the last snapshot that needs them, and
// named once more by the merge's own snapshot.
func allGone(err error) bool {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return gone(err)
	}
	return !slices.ContainsFunc(joined.Unwrap(), func(one error) bool { return !allGone(one) })
}

// marked is how many snapshots lie between the head and the newest that has a
// watermark, both counted.
func marked(t *table.Table) int {
	n := 0
	for s := range lineage(t) {
		n++
		if _, ok := property(s, watermarkKey); ok {
			return n
		}
	}
	return 1
}
