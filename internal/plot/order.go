package plot

import (
	"cmp"
	"slices"
)

func sorted(marks []Mark) []Mark {
	slices.SortStableFunc(marks, func(a, b Mark) int { return cmp.Compare(a.At, b.At) })
	return marks
}
