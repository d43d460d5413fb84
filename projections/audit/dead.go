package audit

import (
	"bytes"
	"cmp"
	"slices"
)

// lettered is a letter of a record of the group.
type lettered struct {
	Letter
	entry int32
}

// before orders letters by where they are, so that two audits keep the same.
func before(a, b Letter) int {
	return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Self.Partition, b.Self.Partition), cmp.Compare(a.Self.Offset, b.Self.Offset),
		bytes.Compare(a.Key, b.Key))
}

// keep keeps the first letters that the report has room for.
func (g *group) keep(l Letter, entry int32) {
	at, _ := slices.BinarySearchFunc(g.dead, l, func(a lettered, b Letter) int { return before(a.Letter, b) })
	if at >= g.Dead {
		return
	}
	l.Key, l.Kept, l.Raw = bytes.Clone(l.Key), bytes.Clone(l.Kept[:min(len(l.Kept), g.Raw)]), bytes.Clone(l.Raw[:min(len(l.Raw), g.Raw)])
	g.dead = slices.Insert(g.dead, at, lettered{l, entry})
	g.dead = g.dead[:min(len(g.dead), g.Dead)]
}

// bury hands the group's letters to the report.
func (g *group) bury() {
	all := g.report.Dead
	for _, l := range g.dead {
		e := g.entries[l.entry]
		all = append(all, Dead{Letter: l.Letter, Of: e.at, Class: g.classify(e), Resolved: e.Rows > 0})
	}
	slices.SortFunc(all, func(a, b Dead) int { return before(a.Letter, b.Letter) })
	g.report.Dead = all[:min(len(all), g.Dead)]
}
