package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/internal/jsontext"
)

// jsonText is valid JSON. It is changed in place: the order of keys, white
// space and the digits of numbers stay where nothing was asked.
type jsonText []byte

// find goes to the value of the key that path names.
func (t jsonText) find(path []string) (span, error) {
	at := span{0, len(t)}
	for i, key := range path {
		inner, ok := jsontext.Text(t[at.from:at.to]).Key(key)
		if !ok {
			return span{}, fmt.Errorf("finding field %s: %w", strings.Join(path[:i+1], "."), errNoField)
		}
		at = span{at.from + inner.From, at.from + inner.To}
	}
	return at, nil
}

func (t jsonText) swap(one, other []string) ([]byte, error) {
	a, err := t.find(one)
	if err != nil {
		return nil, err
	}
	b, err := t.find(other)
	if err != nil {
		return nil, err
	}
	if a == b || bytes.Equal(t[a.from:a.to], t[b.from:b.to]) {
		return t, nil
	}
	return exchange(t, a, t[b.from:b.to], b, t[a.from:a.to]), nil
}

// wrongType makes a string of what is none, and of a string the number that it
// holds, else 0.
func (t jsonText) wrongType(field []string) ([]byte, error) {
	at, err := t.find(field)
	if err != nil {
		return nil, err
	}
	is := t[at.from:at.to]
	switch is[0] {
	case '"':
		inner := is[1 : len(is)-1]
		if _, err := plain(string(inner)); err != nil || !json.Valid(inner) {
			inner = []byte("0")
		}
		return splice(t, at, inner), nil
	case '{', '[':
		return splice(t, at, []byte(`"wrong type"`)), nil
	}
	return splice(t, at, []byte(`"`+string(is)+`"`)), nil
}

func (t jsonText) shift(field []string, m move) ([]byte, error) {
	at, err := t.find(field)
	if err != nil {
		return nil, err
	}
	moved, err := t[at.from:at.to].moved(m)
	if err != nil {
		return nil, fmt.Errorf("moving field %s: %w", strings.Join(field, "."), err)
	}
	return splice(t, at, moved), nil
}

func (t jsonText) moved(m move) ([]byte, error) {
	if t[0] == '"' {
		var s string
		if err := json.Unmarshal(t, &s); err != nil {
			return nil, err
		}
		moved, err := m.text(s)
		return []byte(`"` + moved + `"`), err
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%.40s is no time: neither text of RFC 3339 nor an integer", t)
	}
	moved, err := m.number(n, "")
	return strconv.AppendInt(nil, moved, 10), err
}

// add puts another key at the end of the object.
func (t jsonText) add(name string) ([]byte, error) {
	end := len(bytes.TrimRight(t, " \t\r\n"))
	start := bytes.TrimLeft(t, " \t\r\n")
	if start[0] != '{' {
		return nil, errors.New("the value is no object: it has no fields")
	}
	if _, err := t.find([]string{name}); err == nil {
		return nil, fmt.Errorf("the value has a field %s already: name another one", name)
	}
	key, err := json.Marshal(name)
	if err != nil {
		return nil, err
	}
	field := append(key, `:1`...)
	if rest := bytes.TrimLeft(start[1:], " \t\r\n"); rest[0] != '}' {
		field = append([]byte(","), field...)
	}
	return splice(t, span{end - 1, end - 1}, field), nil
}
