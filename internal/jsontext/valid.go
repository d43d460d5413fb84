package jsontext

import "encoding/binary"

// Valid says what json.Valid does, several times faster where strings are
// long: a fault of rate 1 reads every value that passes.
func Valid(b []byte) bool {
	t := Text(b)
	at, ok := t.value(t.Blank(0), 0)
	return ok && t.Blank(at) == len(t)
}

// deepestJSON is how deep a value may be nested, as encoding/json has it.
const deepestJSON = 10_000

// value goes over the value at at, and says where it ends.
func (t Text) value(at, depth int) (end int, ok bool) {
	if at >= len(t) {
		return at, false
	}
	switch t[at] {
	case '"':
		return t.text(at + 1)
	case '{':
		return t.members(at+1, depth+1, '}')
	case '[':
		return t.members(at+1, depth+1, ']')
	case 't':
		return t.word(at, "true")
	case 'f':
		return t.word(at, "false")
	case 'n':
		return t.word(at, "null")
	}
	return t.number(at)
}

// members goes over what is between the brackets of an object or a list, whose
// first one has gone.
func (t Text) members(at, depth int, last byte) (end int, ok bool) {
	if at = t.Blank(at); depth > deepestJSON || at >= len(t) {
		return at, false
	}
	if t[at] == last {
		return at + 1, true
	}
	for {
		if last == '}' {
			if at >= len(t) || t[at] != '"' {
				return at, false
			}
			if at, ok = t.text(at + 1); !ok {
				return at, false
			}
			if at = t.Blank(at); at >= len(t) || t[at] != ':' {
				return at, false
			}
			at = t.Blank(at + 1)
		}
		if at, ok = t.value(at, depth); !ok {
			return at, false
		}
		if at = t.Blank(at); at >= len(t) || (t[at] != ',' && t[at] != last) {
			return at, false
		}
		if t[at] == last {
			return at + 1, true
		}
		at = t.Blank(at + 1)
	}
}

func (t Text) word(at int, word string) (end int, ok bool) {
	end = at + len(word)
	return end, end <= len(t) && string(t[at:end]) == word
}

func (t Text) number(at int) (end int, ok bool) {
	if at < len(t) && t[at] == '-' {
		at++
	}
	if at < len(t) && t[at] == '0' {
		at, ok = at+1, true
	} else {
		at, ok = t.digits(at)
	}
	if ok && at < len(t) && t[at] == '.' {
		at, ok = t.digits(at + 1)
	}
	if ok && at < len(t) && t[at]|0x20 == 'e' {
		if at++; at < len(t) && (t[at] == '+' || t[at] == '-') {
			at++
		}
		at, ok = t.digits(at)
	}
	return at, ok
}

// digits goes over one digit at least.
func (t Text) digits(at int) (end int, ok bool) {
	end = at
	for end < len(t) && t[end]-'0' <= 9 {
		end++
	}
	return end, end > at
}

// text goes over a string behind its first quotation mark.
func (t Text) text(at int) (end int, ok bool) {
	for {
		if at = t.plain(at); at >= len(t) || t[at] < ' ' {
			return at, false
		}
		if t[at] == '"' {
			return at + 1, true
		}
		if at++; at >= len(t) { // behind a backslash
			return at, false
		}
		switch t[at] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			at++
		case 'u':
			if at+5 > len(t) || !hex(t[at+1:at+5]) {
				return at, false
			}
			at += 5
		default:
			return at, false
		}
	}
}

func hex(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 && c|0x20-'a' > 5 {
			return false
		}
	}
	return true
}

const (
	each1 = 0x0101010101010101 // a byte of 1 in each of eight
	each8 = 0x8080808080808080
)

// plain gives the place of the first byte from at on that stands for something
// else in a string: a quotation mark, a backslash, a control character. It looks
// at eight bytes at a time: https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
func (t Text) plain(at int) int {
	for ; at+8 <= len(t); at += 8 {
		x := binary.LittleEndian.Uint64(t[at:])
		quote, slash := x^each1*'"', x^each1*'\\'
		if ((quote-each1)&^quote|(slash-each1)&^slash|(x-each1*' ')&^x)&each8 != 0 {
			break
		}
	}
	for at < len(t) && t[at] != '"' && t[at] != '\\' && t[at] >= ' ' {
		at++
	}
	return at
}
