package main

import (
	"fmt"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
)

// growth is by how many rows a table is larger at one snapshot than at an
// earlier one, as both say of themselves. Where one between them is expired it
// is all that tells of a row that nobody sent.
type growth struct {
	after, to int64
	rows      int64
}

// expiredBetween is nil where each snapshot between the two is there, where the
// first is no ancestor of the second, and where they do not say how many rows
// they have.
func expiredBetween(t *lake.Anatomy, after, to int64) *growth {
	all := make(map[int64]lake.AnatomySnapshot, len(t.Snapshots))
	for _, s := range t.Snapshots {
		all[s.ID] = s
	}
	id := to
	for s, ok := all[id]; ok && id != after; s, ok = all[id] {
		if id = s.Parent; id == 0 {
			return nil
		}
	}
	was, before := all[after].Count(lake.TotalRecords)
	is, now := all[to].Count(lake.TotalRecords)
	if id == after || !before || !now {
		return nil
	}
	return &growth{after, to, is - was}
}

// hold leaves a report open that has another number of rows. A nil one holds
// nothing.
func (g *growth) hold(r *audit.Report) {
	if g == nil || !r.Conclusive() || r.Rows == g.rows {
		return
	}
	r.Unbalanced = fmt.Sprintf("snapshots between %d and %d are expired: the table grew by %d rows, and %d rows are of the records that were sent; "+
		"whether the rest was never sent, or is what others wrote or removed, cannot be told: keep snapshots for longer than an experiment lasts",
		g.after, g.to, g.rows, r.Rows)
}
