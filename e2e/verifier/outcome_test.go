package verifier_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
)

// places are records, by where they stand.
type places map[audit.Place]bool

// outcome is which records are in which class; those that are stored once are
// left out.
type outcome map[account.Class]places

// add puts records into a class, and takes them out of all others.
func (o outcome) add(c account.Class, all places) {
	for at := range all {
		for _, other := range o {
			delete(other, at)
		}
	}
	if o[c] == nil {
		o[c] = places{}
	}
	maps.Copy(o[c], all)
	maps.DeleteFunc(o, func(_ account.Class, p places) bool { return len(p) == 0 })
}

// counts are how many are in each class, of so many records in all.
func (o outcome) counts(all int) map[account.Class]int64 {
	out := map[account.Class]int64{}
	for c, p := range o {
		out[c] = int64(len(p))
		all -= len(p)
	}
	if all > 0 {
		out[account.StoredOnce] = int64(all)
	}
	return out
}

// answer is what an audit has to say of it.
func (o outcome) answer() events.Answer {
	out := events.Holds
	for c := range o {
		switch {
		case c.Wrong():
			return events.Violated
		case c == account.InFlight:
			out = events.Unknown
		}
	}
	return out
}

// placesOf are the records that a report names.
func placesOf(r audit.Report) outcome {
	out := outcome{}
	for c, all := range r.Examples {
		out[c] = places{}
		for _, e := range all {
			out[c][e.Place] = true
		}
	}
	return out
}

// assertOutcome holds a report against what has to be in it, to the record.
func assertOutcome(t *testing.T, want outcome, all int, r audit.Report) {
	t.Helper()
	assert.Equal(t, want.counts(all), r.Counts, r.Why())
	assert.Empty(t, r.Unbalanced)
	for c, found := range placesOf(r) {
		assert.Empty(t, want[c].without(found), "%s, and not found", c)
		assert.Empty(t, found.without(want[c]), "found as %s", c)
	}
}

// without are the first few of the places that others are not.
func (p places) without(others places) (out []audit.Place) {
	for at := range p {
		if !others[at] && len(out) < 10 {
			out = append(out, at)
		}
	}
	return out
}

// assertDiffer holds the columns that the altered records of a report differ in
// against those that they have to.
func assertDiffer(t *testing.T, want []string, r audit.Report) {
	t.Helper()
	for _, e := range r.Examples[account.Altered] {
		var columns []string
		for _, d := range e.Differ {
			name, _, _ := strings.Cut(d, ":")
			columns = append(columns, name)
		}
		assert.Equal(t, want, columns, "%+v", e)
	}
}

func names(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
