package mapping

import (
	"encoding/json"
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

// appendQuoted appends a string of JSON as encoding/json writes it.
func appendQuoted(to, v []byte) []byte {
	for _, c := range v {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(string(v))
			if err != nil { // a string always has one
				return to
			}
			return append(to, quoted...)
		}
	}
	to = append(to, '"')
	to = append(to, v...)
	return append(to, '"')
}
