package payload

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/internal/confluent"
)

// avroValue is a value of which it is known that it can be read.
type avroValue struct {
	root *confluent.Type
	body []byte
}

func readAvro(root *confluent.Type, body []byte) (document, error) {
	w := confluent.WalkOver(body)
	if err := w.Skip(root); err != nil {
		return nil, fmt.Errorf("reading the Avro value: %w", err)
	}
	if w.At < len(body) {
		return nil, fmt.Errorf("reading the Avro value: %d bytes are left over", len(body)-w.At)
	}
	return avroValue{root, body}, nil
}

// avroSlot is a field in the bytes of a value.
type avroSlot struct {
	span
	name  string
	of    *confluent.Type // as the schema states it, perhaps a union
	inner *confluent.Type // the branch that is there
	data  []byte          // without the number of the branch
}

func (v avroValue) find(path []string) (avroSlot, error) {
	w := confluent.WalkOver(v.body)
	s, of, err := findAvro(&w, v.root, path)
	if err != nil {
		return avroSlot{}, fmt.Errorf("finding field %s: %w", strings.Join(path, "."), err)
	}
	slot := avroSlot{span: s, name: strings.Join(path, "."), of: of, inner: of, data: v.body[s.from:s.to]}
	for slot.inner.Kind == confluent.Union {
		w := confluent.WalkOver(slot.data)
		if slot.inner, err = w.Branch(slot.inner); err != nil {
			return avroSlot{}, err
		}
		slot.data = slot.data[w.At:]
	}
	return slot, nil
}

func (v avroValue) swap(one, other []string) ([]byte, error) {
	a, err := v.find(one)
	if err != nil {
		return nil, err
	}
	b, err := v.find(other)
	if err != nil {
		return nil, err
	}
	forA, err := b.fit(a.of)
	if err != nil {
		return nil, fmt.Errorf("putting %s into %s: %w", b.name, a.name, err)
	}
	forB, err := a.fit(b.of)
	if err != nil {
		return nil, fmt.Errorf("putting %s into %s: %w", a.name, b.name, err)
	}
	return exchange(v.body, a.span, forA, b.span, forB), nil
}

// fit encodes what is in the slot as a value of type to: as it is where the
// types agree, else by what it means, so long as nothing is lost.
func (s avroSlot) fit(to *confluent.Type) ([]byte, error) {
	if to.Kind != confluent.Union {
		return s.fitOne(to)
	}
	for i, branch := range to.Branches {
		if like(s.inner, branch) {
			return append(binary.AppendVarint(nil, int64(i)), s.data...), nil
		}
	}
	var last error
	for i, branch := range to.Branches {
		data, err := s.fitOne(branch)
		if err == nil {
			return append(binary.AppendVarint(nil, int64(i)), data...), nil
		}
		if branch.Kind != confluent.Null || last == nil {
			last = err
		}
	}
	return nil, last
}

func (s avroSlot) fitOne(to *confluent.Type) ([]byte, error) {
	if like(s.inner, to) {
		return s.data, nil
	}
	value, err := s.scalar()
	if err != nil {
		return nil, err
	}
	return value.avro(to)
}

// wrongType writes, where the schema has a string or bytes, the integer -1: an
// impossible length. Anywhere else it writes a string, of which a reader takes
// the first bytes for a value and the rest for the fields behind it.
func (v avroValue) wrongType(field []string) ([]byte, error) {
	s, err := v.find(field)
	if err != nil {
		return nil, err
	}
	at := span{s.to - len(s.data), s.to} // behind the number of a branch
	switch s.inner.Node.Type {
	case "string", "bytes":
		return splice(v.body, at, binary.AppendVarint(nil, -1)), nil
	case "null":
		at = s.span // there is nothing else
	}
	return splice(v.body, at, avroString("wrong type")), nil
}

func (v avroValue) shift(field []string, m move) ([]byte, error) {
	s, err := v.find(field)
	if err != nil {
		return nil, err
	}
	moved, err := s.shifted(m)
	if err != nil {
		return nil, fmt.Errorf("moving field %s: %w", s.name, err)
	}
	return splice(v.body, span{s.to - len(s.data), s.to}, moved), nil
}

func (s avroSlot) shifted(m move) ([]byte, error) {
	switch s.inner.Node.Type {
	case "int", "long":
		n, _ := binary.Varint(s.data)
		moved, err := m.number(n, s.inner.Node.LogicalType)
		if err != nil {
			return nil, err
		}
		if s.inner.Node.Type == "int" && moved != int64(int32(moved)) { //nolint:gosec // this is the check
			return nil, fmt.Errorf("%d is no int any more", moved)
		}
		return binary.AppendVarint(nil, moved), nil
	case "string":
		_, n := binary.Varint(s.data)
		moved, err := m.text(string(s.data[n:]))
		return avroString(moved), err
	}
	return nil, fmt.Errorf("%s is no time", s.inner.Node.Type)
}

// add appends a string behind the last field: the schema lacks it and is not
// changed, so that a reader finds bytes left over. Avro has no names in values.
func (v avroValue) add(name string) ([]byte, error) {
	return append(slices.Clip(v.body), avroString(name)...), nil
}

func avroString(s string) []byte {
	return append(binary.AppendVarint(nil, int64(len(s))), s...)
}
