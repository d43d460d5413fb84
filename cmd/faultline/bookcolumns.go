package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/spec"
)

// misused says which columns cannot be what the books take them for, each with
// its place in the books, and warns of those that nobody compares. One that the
// table does not have is for the mapping's check.
func misused(b spec.Books, columns []mapping.Column) spec.Problems {
	var out spec.Problems
	want := func(path, name, as string, kind mapping.Kind) {
		i := slices.IndexFunc(columns, func(c mapping.Column) bool { return c.Name == name })
		if i < 0 || columns[i].Type.Kind == kind {
			return
		}
		out = append(out, spec.Problem{
			Path: path, Message: fmt.Sprintf("column %s is %s, and has to be a %s", name, columns[i].Type, as), Hint: "name a column that is one",
		})
	}
	want("moment", b.Moment, "timestamp", mapping.Instant)
	if w := b.Windows; w != nil {
		want("windows.time", w.Time, "timestamp", mapping.Instant)
		want("windows.price", w.Price, "decimal", mapping.Decimal)
		want("windows.quantity", w.Quantity, "decimal", mapping.Decimal)
	}
	for i, s := range b.Sequences {
		want(fmt.Sprintf("sequences[%d].column", i), s.Column, "whole number", mapping.Int)
	}
	compared := append(b.Mapping.Columns(), b.Mapping.Unmapped...)
	var left []string
	for _, c := range columns {
		if !slices.Contains(compared, c.Name) {
			left = append(left, c.Name)
		}
	}
	if len(left) > 0 {
		out = append(out, spec.Problem{
			Path: "mapping.fields", Severity: spec.Warning, Message: "nobody compares " + strings.Join(left, ", "),
			Hint: fmt.Sprintf("map fields to these columns, or write unmapped: [%s]", strings.Join(left, ", ")),
		})
	}
	return out
}
