package payload

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// split takes a dotted path apart.
func split(path string) ([]string, error) {
	parts := strings.Split(path, ".")
	if slices.Contains(parts, "") {
		return nil, fmt.Errorf("field %q has an empty name: write names with dots between them", path)
	}
	return parts, nil
}

// nested says that one path leads into the other, without being the same.
func nested(a, b []string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) < len(b) && slices.Equal(a, b[:len(a)])
}

var errNoField = errors.New("the value has no such field")

// same tells null from empty.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// span is where a field stands in the bytes of a value.
type span struct{ from, to int }

// splice puts other bytes in the place of s.
func splice(in []byte, s span, with []byte) []byte {
	return slices.Concat(in[:s.from], with, in[s.to:])
}

// exchange splices two spans that do not overlap.
func exchange(in []byte, a span, forA []byte, b span, forB []byte) []byte {
	if b.from < a.from {
		a, forA, b, forB = b, forB, a, forA
	}
	return slices.Concat(in[:a.from], forA, in[a.to:b.from], forB, in[b.to:])
}
