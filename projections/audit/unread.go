package audit

import (
	"cmp"
	"fmt"
	"slices"
)

// Unread is something that could not be read, and why.
type Unread struct {
	Source string `json:"source"` // log, table, dead letters, receipts, ground truth, sink
	Range  *Range `json:"range,omitempty"`
	Why    string `json:"why"`
}

func (u Unread) String() string {
	if u.Range == nil {
		return u.Source + ": " + u.Why
	}
	return fmt.Sprintf("%s, partition %d, offsets %d to %d: %s", u.Source, u.Range.Partition, u.Range.From, u.Range.To-1, u.Why)
}

// joined are the same in one order, whoever came to them first, and as few as
// there are reasons: ranges that follow each other are one.
func joined(all []Unread) []Unread {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Unread) int {
		x, y := a.places(), b.places()
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(x.Partition, y.Partition), cmp.Compare(x.From, y.From), cmp.Compare(a.Why, b.Why))
	})
	var out []Unread
	for _, u := range all {
		if last := len(out) - 1; last >= 0 && out[last].meets(u) {
			out[last].Range = &Range{u.Range.Partition, out[last].Range.From, u.Range.To}
			continue
		}
		out = append(out, u)
	}
	return out
}

// meets says that another begins where it ends, for the same reason.
func (u Unread) meets(v Unread) bool {
	return u.Source == v.Source && u.Why == v.Why && u.Range != nil && v.Range != nil && u.Range.Partition == v.Range.Partition && u.Range.To == v.Range.From
}

// places is its range, or none.
func (u Unread) places() Range {
	if u.Range == nil {
		return Range{}
	}
	return *u.Range
}
