package checks

import (
	"fmt"
	"slices"
	"strings"
)

// Named is how many examples evidence names: files, keys, windows. What is more
// is counted.
const Named = 10

// examples keeps the first few of what is wrong, and counts the rest. The zero
// value has none.
type examples struct {
	first []string
	n     int
}

func (e *examples) add(format string, args ...any) {
	if e.n++; len(e.first) < Named {
		e.first = append(e.first, fmt.Sprintf(format, args...))
	}
}

// String is the examples in order, and how many more there are.
func (e *examples) String() string {
	text := strings.Join(slices.Sorted(slices.Values(e.first)), "; ")
	if more := e.n - len(e.first); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// result is Holds where nothing is wrong: then the evidence is what was looked
// at, else what is wrong.
func (e *examples) result(seen string) Result {
	r := Result{Expected: "0", Actual: fmt.Sprint(e.n), Answer: answer(e.n == 0), Evidence: seen}
	if e.n > 0 {
		r.Evidence = e.String()
	}
	return r
}

// quoted writes a text as SQL has it.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
