package spec

import (
	"slices"
	"strings"
)

// Suggest returns the known name nearest to what was written, or "" when none
// is near enough to be a slip of the fingers.
func Suggest(written string, known []string) string {
	best, at := "", len(written)/2+1
	for _, name := range slices.Sorted(slices.Values(known)) {
		if max(len(written)-len(name), len(name)-len(written)) >= at {
			continue // no fewer letters differ; and a text of any length costs nothing
		}
		if d := distance(written, name); d < at {
			best, at = name, d
		}
	}
	return best
}

// DidYouMean is the hint for an unknown name: the nearest known one, or all
// of them.
func DidYouMean(written string, known []string) string {
	if s := Suggest(written, known); s != "" {
		return "did you mean " + s + "?"
	}
	return "write one of: " + join(known)
}

func join(names []string) string {
	var out strings.Builder
	for i, n := range slices.Sorted(slices.Values(names)) {
		if i > 0 {
			out.WriteString(", ")
		}
		out.WriteString(n)
	}
	return out.String()
}

// distance is the Levenshtein distance (V. Levenshtein, 1966) with a
// transposition of neighbours counted once.
func distance(a, b string) int {
	prev2, prev := []int(nil), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, row
	}
	return prev[len(b)]
}
