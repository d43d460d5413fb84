package mapping

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/k2-platform/faultline/internal/jsontext"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// jsonNode is a key on the way to what is mapped.
type jsonNode struct {
	name  string
	takes []take
	below []jsonNode
	slots []int // of all that is taken at it and below
}

func jsonTree(targets []*target) *jsonNode {
	root := new(jsonNode)
	for i, t := range targets {
		n := root
		for _, name := range t.path {
			n.slots = append(n.slots, i)
			at := slices.IndexFunc(n.below, func(b jsonNode) bool { return b.name == name })
			if at < 0 {
				at = len(n.below)
				n.below = append(n.below, jsonNode{name: name})
			}
			n = &n.below[at]
		}
		n.slots = append(n.slots, i)
		n.takes = append(n.takes, take{i, t.json})
	}
	return root
}

// json reads a value without its frame. Of a key that is there twice the last
// one counts, as readers take it.
func (m *Mapping) json(dst *Forms, body []byte) error {
	if !jsontext.Valid(body) {
		return fmt.Errorf("%w: it is no JSON", ErrForged)
	}
	if bytes.TrimLeft(body, " \t\r\n")[0] != '{' {
		return fmt.Errorf("%w: it is no object of JSON", ErrForged)
	}
	if err := m.fields.enter(dst.slots, body, jsontext.Span{To: len(body)}); err != nil {
		return err
	}
	return m.fill(dst, body, m.missing)
}

func (n *jsonNode) enter(slots []slot, body []byte, at jsontext.Span) error {
	object := jsontext.Text(body[at.From:at.To])
	for key, value := range object.Members() {
		for i := range n.below {
			b := &n.below[i]
			if !object.Says(key, b.name) {
				continue
			}
			if err := b.meet(slots, body, jsontext.Span{From: at.From + value.From, To: at.From + value.To}); err != nil {
				return fmt.Errorf("field %s: %w", b.name, err)
			}
		}
	}
	return nil
}

func (n *jsonNode) meet(slots []slot, body []byte, at jsontext.Span) error {
	for _, s := range n.slots {
		slots[s] = slot{}
	}
	for _, t := range n.takes {
		slots[t.slot] = slot{t.form, at.From, at.To}
	}
	if len(n.below) == 0 {
		return nil
	}
	switch body[at.From] {
	case '{':
		return n.enter(slots, body, at)
	case 'n': // what is in nothing, is nothing
		for _, b := range n.below {
			for _, s := range b.slots {
				slots[s] = slot{form: nothing}
			}
		}
		return nil
	}
	return unfit("it is no object")
}

func nothing(_ *Forms, to, _ []byte) ([]byte, error) { return digest.AppendNull(to), nil }

// json appends the form of a value of JSON.
func (t *target) json(_ *Forms, to, data []byte) ([]byte, error) {
	if data[0] == 'n' {
		return digest.AppendNull(to), nil
	}
	if t.as == spec.AsJSONText {
		return jsonAgain(to, data)
	}
	if data[0] == '"' {
		text, ok := unquoted(data)
		if !ok {
			return digest.AppendInexact(to, data), nil
		}
		return t.jsonString(to, text)
	}
	scalar := data[0] != '{' && data[0] != '['
	switch number := scalar && data[0] != 't' && data[0] != 'f'; {
	case t.as == spec.AsBool && scalar && !number:
		return digest.AppendBool(to, data[0] == 't'), nil
	case t.as == spec.AsText && t.Type == spec.AsText && scalar:
		return digest.AppendText(to, data), nil
	case t.as == spec.AsInt && number, t.as == spec.AsDouble && number, t.as == spec.AsDecimal && number:
		return t.written(to, string(data))
	case t.as == spec.AsInstant && number:
		return t.jsonInstant(to, string(data))
	}
	return nil, unfit(fmt.Sprintf("%.40s is no %s", data, t.as))
}

// jsonString takes numbers as texts where the type is written, and decimals
// always: JSON has no other way to keep their digits for every reader.
func (t *target) jsonString(to []byte, text string) ([]byte, error) {
	switch t.as {
	case spec.AsText, spec.AsEnum, spec.AsInstant, spec.AsDecimal:
		return t.written(to, text)
	case spec.AsBytes:
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, unfit("it is not base64")
		}
		return digest.AppendBytes(to, raw), nil
	}
	if t.Type == t.as {
		return t.written(to, text)
	}
	return nil, unfit(fmt.Sprintf("%.40q is a text, and no %s", text, t.as))
}

// jsonInstant reads a number since 1970, of which what is less than a
// microsecond is never lost.
func (t *target) jsonInstant(to []byte, text string) ([]byte, error) {
	if t.Unit == "" {
		return nil, unfit("nothing says what the number counts: write its unit")
	}
	digits, negative, exponent, ok := scientific(text)
	if exponent += map[string]int{spec.UnitSeconds: 6, spec.UnitMillis: 3, spec.UnitNanos: -3}[t.Unit]; !ok {
		return nil, unfit("it is no number")
	}
	if digits == "" {
		return t.instant(to, 0, false)
	}
	if exponent < 0 || len(digits)+exponent > 18 {
		return digest.AppendInexact(to, text), nil
	}
	var n int64
	for _, d := range []byte(digits) {
		n = n*10 + int64(d-'0')
	}
	for range exponent {
		n *= 10
	}
	if negative {
		n = -n
	}
	return t.instant(to, n, false)
}

// unquoted reads a string of JSON; false where it is not UTF-8.
func unquoted(data []byte) (string, bool) {
	inner := data[1 : len(data)-1]
	if !utf8.Valid(inner) {
		return "", false
	}
	if !bytes.ContainsRune(inner, '\\') {
		return string(inner), true
	}
	var text string
	err := json.Unmarshal(data, &text)
	return text, err == nil
}

// jsonAgain writes what was read as encoding/json does: without blanks, objects
// by the order of their keys, numbers with the digits that they have.
func jsonAgain(to, data []byte) ([]byte, error) {
	if !utf8.Valid(data) {
		return digest.AppendInexact(to, data), nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForged, err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForged, err)
	}
	return digest.AppendText(to, text), nil
}
