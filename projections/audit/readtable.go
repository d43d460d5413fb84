package audit

import (
	"context"

	"github.com/k2-platform/faultline/projections/digest"
)

// tableSums are what the first pass over the table adds up.
type tableSums struct {
	digest.Buckets
	late []bool // buckets with a row that came after the deadline
	rows int64
	// others are rows that are surely of no record of the window.
	others int64
}

// readTable is the first pass over the table.
func (a *audit) readTable(ctx context.Context, snapshot int64) (tableSums, error) {
	workers := make([]tableSums, a.Workers)
	for i := range workers {
		workers[i] = tableSums{Buckets: digest.NewBuckets(a.Power), late: make([]bool, 1<<a.Power)}
	}
	err := a.readRows(ctx, snapshot, func(worker int, f Forms, late bool) {
		w := &workers[worker]
		if !a.Window.Alone && !a.twice.maybe(digest.Of(f.Key)) {
			w.others++
			return
		}
		b := w.Of(f.Key)
		w.Buckets[b].Add(digest.OfRecord(f.Key, f.Values))
		w.late[b] = w.late[b] || late
		w.rows++
	})
	all := workers[0]
	for _, w := range workers[1:] {
		all.Merge(w.Buckets)
		for i, l := range w.late {
			all.late[i] = all.late[i] || l
		}
		all.rows, all.others = all.rows+w.rows, all.others+w.others
	}
	return all, err
}

// readRows hands on the rows of the window, and whether they came late.
func (a *audit) readRows(ctx context.Context, snapshot int64, each func(worker int, f Forms, late bool)) error {
	if snapshot == 0 {
		return nil
	}
	read := func(to, after int64, late bool) error {
		rows := Rows{Snapshot: to, After: after, Moments: a.Window.Moments, Workers: a.Workers}
		return a.Table.Rows(ctx, rows, func(worker int, f Forms) error {
			if a.Window.Moments.Has(f, a.Keys) {
				each(worker, f, late)
			}
			return nil
		})
	}
	if a.Window.Deadline == 0 {
		return read(snapshot, a.Window.After, false)
	}
	if err := read(a.Window.Deadline, a.Window.After, false); err != nil {
		return err
	}
	return read(snapshot, a.Window.Deadline, true)
}
