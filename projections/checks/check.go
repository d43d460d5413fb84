// Package checks holds the integrity checks: each is proof, or disproof, that
// log, table and files agree, and says what shows it. It reads through the
// interfaces in this file and changes nothing. It does not read Kafka itself,
// and does not decide on a verdict.
package checks

import (
	"context"
	"errors"

	"github.com/k2-platform/faultline/events"
)

// Result is what a check found.
type Result = events.IntegrityCheck

// Cost is what a check read, and how long it took.
type Cost = events.CheckCost

// Check is one integrity check. Its results say Holds or Violated only of what
// it has read; an error is that it could not run, which is Unknown and never
// holds. A check is safe for concurrent use.
type Check interface {
	// Name is unique in a list, in lower case with underscores.
	Name() string
	// Run gives at least one result. Those that say no name get the check's, those
	// that say no window that of the input.
	Run(ctx context.Context, in Input) ([]Result, error)
}

// ErrNothing is in the error of a check that was not given what it needs.
var ErrNothing = errors.New("nothing to check with")

// ErrNotApplicable is in the error of a check that has nothing to say of such a
// table: it gives no result, and harms nobody. Input.Note hears of it.
var ErrNotApplicable = errors.New("not applicable")

// Settings say what the columns of a table mean to the checks of All. The zero
// value knows of no columns: the checks that need them are left out.
type Settings struct {
	Files     Files
	Unique    Unique
	Sums      Sums
	Sequences []Sequence
	Orphans   Orphans
	Drift     Drift
}

// All is every check there is that the settings allow. Whoever wires may append
// checks of their own.
func All(s Settings) []Check {
	list := []Check{Chain{}, s.Files, s.Orphans, Offsets{}, s.Unique}
	if s.Sums.Time != "" {
		list = append(list, s.Sums)
	}
	for _, q := range s.Sequences {
		list = append(list, q)
	}
	if s.Drift.Mapped != nil {
		list = append(list, s.Drift)
	}
	return list
}
