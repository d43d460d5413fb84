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
	for c, all := range found {
		for _, e := range all {
			e.Differ = a.differences(ctx, e)
			out[c] = append(out[c], e.Example)
		}
	}
	return out
}

// differences are those of a record that is not stored as it was sent. They only
// add to what is known: where it cannot be read again there are none.
func (a *audit) differences(ctx context.Context, e example) (out []string) {
	if e.row != nil && e.Offset >= 0 {
		one := Range{e.Partition, e.Offset, e.Offset + 1}
		_ = a.readRange(ctx, a.Formers(), one, func(s seen) { out = a.differ(s.forms.Values, e.row) }, func(Unread) {})
	}
	return out
}

// differ names the columns in which a row is not what was sent.
func (a *audit) differ(sent, stored []byte) []string {
	var out []string
	for _, column := range a.Columns[a.Keys:] {
		one, sentRest, err1 := digest.Next(sent)
		other, storedRest, err2 := digest.Next(stored)
		if err1 != nil || err2 != nil {
			return out
		}
		if !bytes.Equal(sent[:len(sent)-len(sentRest)], stored[:len(stored)-len(storedRest)]) {
			out = append(out, fmt.Sprintf("%s: sent %s, stored %s", column, valueText(one), valueText(other)))
		}
		sent, stored = sentRest, storedRest
	}
	return out
}
