package plainjson

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// cursor takes pieces off the front of rest until one is not as expected.
type cursor struct {
	rest []byte
	ok   bool
}

// take takes w where it comes next.
func (c *cursor) take(w string) bool {
	if !c.ok || len(c.rest) < len(w) || string(c.rest[:len(w)]) != w {
		return false
	}
	c.rest = c.rest[len(w):]
	return true
}

func (c *cursor) word(w string) { c.ok = c.take(w) }

// byte takes b where it comes next.
func (c *cursor) byte(b byte) bool {
	if !c.ok || len(c.rest) == 0 || c.rest[0] != b {
		return false
	}
	c.rest = c.rest[1:]
	return true
}

// list calls each in front of every element between the brackets.
func (c *cursor) list(begin, end byte, each func()) {
	c.ok = c.byte(begin)
	if c.byte(end) {
		return
	}
	for c.ok {
		each()
		if !c.byte(',') {
			c.ok = c.byte(end)
			return
		}
	}
}

func (c *cursor) boolean() bool {
	if c.take("true") {
		return true
	}
	c.word("false")
	return false
}

// plainString takes a string without escapes, quotes and all.
func (c *cursor) plainString() []byte {
	literal, escaped := c.literal()
	if escaped {
		c.ok = false
	}
	return literal
}

// literal takes a string, quotes and all. It does not look into escapes.
func (c *cursor) literal() (literal []byte, escaped bool) {
	ascii := true
	for i := 1; c.ok && i < len(c.rest) && c.rest[0] == '"'; i++ {
		switch b := c.rest[i]; {
		case b == '"':
			literal, c.rest = c.rest[:i+1], c.rest[i+1:]
			c.ok = ascii || utf8.Valid(literal) // encoding/json mends what is not
			return literal, escaped
		case b == '\\':
			escaped = true
			i++
		case b < ' ':
			c.ok = false
		case b >= utf8.RuneSelf:
			ascii = false
		}
	}
	c.ok = false
	return nil, false
}

func (c *cursor) text() string {
	literal, escaped := c.literal()
	if !c.ok {
		return ""
	}
	inner := literal[1 : len(literal)-1]
	if !escaped {
		return string(inner)
	}
	out, ok := unescape(inner)
	c.ok = ok
	return out
}

// unescape is false for halves of surrogate pairs, and for no escapes at all.
func unescape(in []byte) (string, bool) {
	out := make([]byte, 0, len(in))
	for {
		i := bytes.IndexByte(in, '\\')
		if i < 0 {
			return string(append(out, in...)), true
		}
		out = append(out, in[:i]...)
		kind := in[i+1] // a literal does not end with a backslash
		in = in[i+2:]
		if kind == 'u' {
			if len(in) < 4 {
				return "", false
			}
			n, err := strconv.ParseUint(string(in[:4]), 16, 16)
			if err != nil || !utf8.ValidRune(rune(n)) {
				return "", false
			}
			out = utf8.AppendRune(out, rune(n))
			in = in[4:]
			continue
		}
		at := bytes.IndexByte([]byte(`"\/bfnrt`), kind)
		if at < 0 {
			return "", false
		}
		out = append(out, "\"\\/\b\f\n\r\t"[at])
	}
}
