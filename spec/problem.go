package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a problem stops the document. Its zero value does.
type Severity int

// The two severities.
const (
	Refusal Severity = iota
	Warning
)

// String is "error" or "warning", as compilers say it.
func (s Severity) String() string {
	switch s {
	case Warning:
		return "warning"
	case Refusal:
		return "error"
	}
	return "error"
}

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Position is a place in a document; lines and columns count from 1, zero
// means that the place is not known.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Problem is one thing wrong with a document: where, what, and what to write
// instead.
type Problem struct {
	Position
	File     string   `json:"file,omitempty"`
	Path     string   `json:"path,omitempty"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
}

// Error writes file:line:column: severity: message; hint.
func (p Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		fmt.Fprintf(&b, "%s:", p.File)
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "%s: ", p.Severity)
	if p.Path != "" {
		fmt.Fprintf(&b, "%s: ", p.Path)
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		fmt.Fprintf(&b, "; %s", p.Hint)
	}
	return b.String()
}

// Problems is everything wrong with a document, in the order of its lines.
type Problems []Problem

// Error writes one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is nil when nothing in ps refuses the document.
func (ps Problems) Err() error {
	if slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Refusal }) {
		return ps
	}
	return nil
}

// Sorted returns ps in the order of the document's lines.
func (ps Problems) Sorted() Problems {
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return out
}

// In returns ps with the file's name on each.
func (ps Problems) In(file string) Problems {
	out := slices.Clone(ps)
	for i := range out {
		out[i].File = file
	}
	return out
}
