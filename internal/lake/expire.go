package lake

import (
	"fmt"

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
	if err := tx.ExpireSnapshots(table.WithRetainLast(keep), table.WithOlderThan(0), table.WithPostCommit(true)); err != nil {
		return fmt.Errorf("expiring all but %d snapshots: %w", keep, err)
	}
	return nil
}
