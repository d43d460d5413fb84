package spec

import (
	"fmt"
	"slices"
)

// windows judges what of a flow is to be summed up, and which numbers follow on
// each other.
func (v *validator) windows(path string, b Books) {
	var columns []string
	if b.Mapping != nil {
		columns = b.Mapping.Columns()
	}
	mapped := func(at, column string) {
		if column != "" && !slices.Contains(columns, column) {
			v.refuse(at, fmt.Sprintf("%q is no column of the mapping", column), DidYouMean(column, columns))
		}
	}
	for i, s := range b.Sequences {
		at := indexed(path+".sequences", i)
		v.required(at+".column", s.Column, "write a column whose numbers follow on each other")
		mapped(at+".column", s.Column)
		for j, per := range s.Per {
			mapped(indexed(at+".per", j), per)
		}
	}
	w := b.Windows
	if w == nil {
		return
	}
	path += ".windows"
	v.required(path+".price", w.Price, "write the column of the price, a decimal")
	v.required(path+".quantity", w.Quantity, "write the column of the quantity, a decimal")
	for i, by := range w.By {
		mapped(indexed(path+".by", i), by)
	}
	mapped(path+".time", w.Time)
	mapped(path+".price", w.Price)
	mapped(path+".quantity", w.Quantity)
	if b.WindowTime() == "" {
		v.refuse(path+".time", "is missing, and the books name no moment", "write the column that says when a record was made")
	}
}
