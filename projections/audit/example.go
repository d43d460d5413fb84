package audit

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/digest"
)

// example is one that is to be named, with a row that is not as it was sent.
type example struct {
	Example
	row []byte
}

// examples are, of each class, those with the lowest places, so that two audits
// of the same records name the same.
type examples map[account.Class][]example

func (x examples) add(c account.Class, e example, most int) {
	all := x[c]
	at, _ := slices.BinarySearchFunc(all, e, func(a, b example) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Key, b.Key))
	})
	if at >= most {
		return
	}
	all = slices.Insert(all, at, e)
	x[c] = all[:min(len(all), most)]
}

// explain says of records that are not stored as they were sent in which
// columns they differ.
func (a *audit) explain(ctx context.Context, found examples) map[account.Class][]Example {
	out := map[account.Class][]Example{}
	former := a.Formers()
	for c, all := range found {
		for _, e := range all {
			if e.row != nil && e.Offset >= 0 {
				one := Range{e.Partition, e.Offset, e.Offset + 1}
				_ = a.readRange(ctx, former, one, func(s seen) { e.Differ = a.differ(s.forms.Values, e.row) }, func(Unread) {}) // it only adds to what is known
			}
			out[c] = append(out[c], e.Example)
		}
	}
	return out
}

// differ names the columns in which a row is not what was sent.
func (a *audit) differ(sent, stored []byte) []string {
	var out []string
	for _, column := range a.Columns[a.Keys:] {
		var one, other []byte
		var err1, err2 error
		one, sent, err1 = digest.Next(sent)
		other, stored, err2 = digest.Next(stored)
		if err1 != nil || err2 != nil {
			return out
		}
		if !bytes.Equal(one, other) {
			out = append(out, fmt.Sprintf("%s: sent %s, stored %s", column, digest.Write(one), digest.Write(other)))
		}
	}
	return out
}
