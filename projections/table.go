package projections

import (
	"time"

	"github.com/k2-platform/faultline/internal/lake"
)

// Namespace holds the tables.
const Namespace = "chaos"

// keepSnapshots is how far back a table can be read as it was. At a commit
// every ten seconds that is a quarter of an hour: enough for a query that is
// running. Rows are never changed, so older states differ only in what they
// lack, which the source columns tell.
const keepSnapshots = 100

// at is the column that every table is partitioned by, day by day.
const at = "at"

// define makes the table of R: its columns, then those of the source. Rows
// are sorted by experiment, time, and place within it.
func define[R row](name string, columns []lake.Column[R], then ...string) lake.Definition[R] {
	return lake.Definition[R]{
		Namespace: Namespace, Name: name,
		Columns:        append(columns, sourceColumns[R]()...),
		PartitionByDay: at,
		SortBy:         append([]string{"experiment", at}, then...),
		KeepSnapshots:  keepSnapshots,
	}
}

// some is a value where there is one: the zero value is none.
func some[V comparable](v V) (V, bool) {
	var none V
	return v, v != none
}

// instant is some for times.
func instant(t time.Time) (time.Time, bool) { return t, !t.IsZero() }

// given is the value behind a pointer, none for nil.
func given[V any](p *V) (V, bool) {
	if p == nil {
		var none V
		return none, false
	}
	return *p, true
}
