// Package jsontext goes over JSON where it stands, without decoding it: what is
// not touched stays byte for byte. It changes nothing.
package jsontext

import (
	"encoding/json"
	"iter"
	"slices"
)

// Text is JSON of which Valid says that it is.
type Text []byte

// Span is where a value, or a key, stands in a text.
type Span struct{ From, To int }

// Key finds the value of a key of the object that t is: of a key that is there
// twice the last one, which readers take. Since t is known to be valid, only
// ends have to be found, which is several times faster than a decoder.
func (t Text) Key(name string) (Span, bool) {
	found, at := false, Span{}
	for key, value := range t.Members() {
		if t.Says(key, name) {
			found, at = true, value
		}
	}
	return at, found
}

// Members gives where keys and values of the object that t is stand, in their
// order; nothing where t is no object.
func (t Text) Members() iter.Seq2[Span, Span] {
	return func(yield func(Span, Span) bool) {
		at := t.Blank(0)
		if t[at] != '{' {
			return
		}
		for at = t.Blank(at + 1); t[at] != '}'; {
			key := Span{at, t.End(at)}
			at = t.Blank(t.Blank(key.To) + 1) // behind the colon
			value := Span{at, t.End(at)}
			if !yield(key, value) {
				return
			}
			if at = t.Blank(value.To); t[at] == ',' {
				at = t.Blank(at + 1)
			}
		}
	}
}

// Says compares the string at s, which may have escapes, with name.
func (t Text) Says(s Span, name string) bool {
	inner := t[s.From+1 : s.To-1]
	if slices.Contains(inner, '\\') {
		var plain string
		return json.Unmarshal(t[s.From:s.To], &plain) == nil && plain == name
	}
	return string(inner) == name
}

// Blank gives the place of the first byte from at on that is no white space.
func (t Text) Blank(at int) int {
	for at < len(t) && (t[at] == ' ' || t[at] == '\t' || t[at] == '\n' || t[at] == '\r') {
		at++
	}
	return at
}

// End gives the place behind the value that begins at at.
func (t Text) End(at int) int {
	depth := 0
	for {
		switch t[at] {
		case '"':
			at = t.endOfString(at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		case ',', ':', ' ', '\t', '\n', '\r':
			at++
		default:
			at = t.endOfWord(at)
		}
		if depth == 0 {
			return at
		}
	}
}

func (t Text) endOfString(at int) int {
	at = t.plain(at + 1)
	for t[at] != '"' {
		at = t.plain(at + 2) // behind a backslash and what it stands before
	}
	return at + 1
}

// endOfWord is that of a number, true, false or null.
func (t Text) endOfWord(at int) int {
	for ; at < len(t); at++ {
		switch t[at] {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			return at
		}
	}
	return at
}
