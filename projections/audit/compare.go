package audit

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/projections/account"
)

// sums of the records of buckets, for the conservation equation.
type sums struct {
	tally   account.Tally
	unknown int64
	looked  int64
	// both are records that log and receipts have, repeats those that one of them
	// has again.
	both, repeats int64
	rows, others  int64
	letters       int64
}

// compare holds the log against the table as of a snapshot, and puts every
// record into a class.
func (a *audit) compare(ctx context.Context, snapshot int64) error {
	table, err := a.readTable(ctx, snapshot)
	if err != nil {
		return err
	}
	a.report.Window.Snapshot, a.report.Rows, a.report.Others = snapshot, table.rows, table.others
	var all sums
	var differ []int
	for b := range table.Buckets {
		if a.state.Log[b] == table.Buckets[b] && a.state.Heard[b] == a.said[b] && !a.state.Look[b] && !table.late[b] && a.weight[b] == 0 {
			n := table.Buckets[b].N
			all.tally.Add(account.StoredOnce, n)
			all.rows, all.both = all.rows+n, all.both+a.said[b].N
			continue
		}
		differ = append(differ, b)
	}
	found := examples{}
	a.report.Reasons = map[string]int64{} // of another snapshot
	for _, buckets := range a.groups(differ, table) {
		g := newGroup(a, buckets)
		if err := g.fill(ctx, snapshot); err != nil {
			return err
		}
		if err := g.close(ctx, &all, table, found); err != nil {
			return err
		}
	}
	a.report.Classes, a.report.Unknown, a.report.Looked = all.tally, all.unknown, all.looked
	a.report.Unbalanced = a.balance(all)
	a.report.Rows, a.report.Others = a.report.Rows-all.others, a.report.Others+all.others
	a.report.Examples = a.explain(ctx, found)
	return ctx.Err()
}

// balance holds what was put into classes against what was counted in the
// first pass. Where something was not read there is nothing to hold against.
func (a *audit) balance(all sums) string {
	if all.unknown > 0 || len(a.report.Unread) > 0 {
		return ""
	}
	counted := account.Sides{
		Produced: a.report.Records + a.report.Receipts - all.both - all.repeats,
		Rows:     a.report.Rows, Letters: a.report.Letters,
	}
	flight := all.tally.Of(account.InFlight) // told of by itself
	counted.Produced -= flight
	all.tally.Add(account.InFlight, -flight)
	if err := all.tally.Balance(counted, all.rows+all.others, all.letters); err != nil {
		return err.Error()
	}
	return ""
}

// groups puts buckets together until they hold as many records as may be looked
// at at once.
func (a *audit) groups(buckets []int, table tableSums) [][]int {
	var out [][]int
	var size int64
	for i, b := range buckets {
		n := max(a.state.Log[b].N, table.Buckets[b].N) + a.said[b].N + int64(a.weight[b])
		if i == 0 || size+n > a.Group {
			out, size = append(out, nil), 0
		}
		last := len(out) - 1
		out[last] = append(out[last], b)
		size += n
	}
	return out
}

// torn says why a bucket's records cannot be told, "" where they can.
func (g *group) torn(b int, table tableSums) string {
	switch {
	case g.log[b] != g.state.Log[b]:
		return fmt.Sprintf("bucket %d is not what it was when it was read first", b)
	case g.table[b] != table.Buckets[b]:
		return fmt.Sprintf("bucket %d of the table is not what it was when it was read first", b)
	}
	return ""
}
