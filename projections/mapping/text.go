package mapping

import (
	"unicode/utf8"

	"github.com/k2-platform/faultline/projections/digest"
)

// appendText appends a text. What is not UTF-8 is none, and no table holds it as
// it was sent.
func appendText[T ~string | ~[]byte](to []byte, v T) []byte {
	if !utf8.ValidString(string(v)) {
		return digest.AppendInexact(to, v)
	}
	return digest.AppendText(to, v)
}

// appendQuoted appends a string of JSON as encoding/json writes it, safe in
// HTML: v is UTF-8.
func appendQuoted(to, v []byte) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	from := 0
	for at := 0; at < len(v); at++ {
		c := v[at]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(v[at:])
			if r == '\u2028' || r == '\u2029' { // the ends of lines in JavaScript
				to = append(append(to, v[from:at]...), `\u202`...)
				to = append(to, hex[r&0xf])
				from = at + size
			}
			at += size - 1
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
			continue
		}
		to = append(to, v[from:at]...)
		from = at + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\b':
			to = append(to, `\b`...)
		case '\f':
			to = append(to, `\f`...)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		default:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
	}
	return append(append(to, v[from:]...), '"')
}
