package mapping

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/digest"
)

// avroJSON stores a list, a map or a record as encoding/json writes it: without
// blanks, maps by the order of their keys, records by that of their fields.
func (t *target) avroJSON(of *confluent.Type) (form, *misfit) {
	if of.Kind != confluent.Array && of.Kind != confluent.Map && of.Kind != confluent.Record {
		return nil, t.not(described(of))
	}
	if bad := hasText(of, map[*confluent.Type]bool{}); bad != nil {
		return nil, &misfit{"type", fmt.Sprintf("the record has %s in it, which is written as JSON in more than one way", described(bad)), "map it to a column of its own"}
	}
	return func(dst *Forms, to, data []byte) ([]byte, error) {
		w := confluent.WalkOver(data)
		text, err := appendAvro(dst.text[:0], &w, of, 0)
		dst.text = text
		if err == nil && w.At < len(data) {
			err = fmt.Errorf("%w: a block is shorter than it says", ErrForged)
		}
		switch {
		case errors.Is(err, errNoText):
			return digest.AppendInexact(to, data), nil
		case err != nil:
			return nil, err
		}
		return digest.AppendText(to, text), nil
	}, nil
}

// hasText finds a type without one way to be written; nil where there is none.
func hasText(of *confluent.Type, seen map[*confluent.Type]bool) *confluent.Type {
	if seen[of] {
		return nil
	}
	seen[of] = true
	if of.Kind == confluent.Bytes || of.Kind == confluent.Fixed || of.Kind == confluent.Unknown ||
		of.Node.LogicalType != "" && of.Node.LogicalType != "uuid" {
		return of
	}
	below := slices.Clone(of.Branches)
	for _, f := range of.Fields {
		below = append(below, f.Of)
	}
	if of.Items != nil {
		below = append(below, of.Items)
	}
	for _, b := range below {
		if bad := hasText(b, seen); bad != nil {
			return bad
		}
	}
	return nil
}

var errNoText = errors.New("it has no text in JSON") // a number that is none, or a string that is not UTF-8

// appendAvro writes the value that comes next.
func appendAvro(to []byte, w *confluent.Walk, of *confluent.Type, depth int) ([]byte, error) {
	if err := w.Step(depth); err != nil {
		return to, err
	}
	switch of.Kind {
	case confluent.Null:
		return append(to, "null"...), nil
	case confluent.Boolean:
		b, err := w.Fixed(1)
		if err != nil {
			return to, err
		}
		return strconv.AppendBool(to, b[0] != 0), nil
	case confluent.Int, confluent.Long:
		v, err := w.Long()
		return strconv.AppendInt(to, v, 10), err
	case confluent.Float, confluent.Double:
		return appendFloating(to, w, of)
	case confluent.String:
		b, err := w.Bytes()
		if err == nil && !utf8.Valid(b) {
			err = errNoText
		}
		return appendQuoted(to, b), err
	case confluent.Enum:
		i, err := w.Long()
		if err == nil && (i < 0 || i >= int64(len(of.Node.Symbols))) {
			err = fmt.Errorf("%w: its enum has no symbol %d", ErrForged, i)
		}
		if err != nil {
			return to, err
		}
		return appendQuoted(to, []byte(of.Node.Symbols[i])), nil
	case confluent.Union:
		branch, err := w.Branch(of)
		if err != nil {
			return to, err
		}
		return appendAvro(to, w, branch, depth+1)
	case confluent.Record:
		to = append(to, '{')
		for i, f := range of.Fields {
			if i > 0 {
				to = append(to, ',')
			}
			to = append(appendQuoted(to, []byte(f.Name)), ':')
			var err error
			if to, err = appendAvro(to, w, f.Of, depth+1); err != nil {
				return to, err
			}
		}
		return append(to, '}'), nil
	case confluent.Array:
		return appendArray(to, w, of, depth+1)
	case confluent.Map:
		return appendMap(to, w, of, depth+1)
	case confluent.Bytes, confluent.Fixed, confluent.Unknown:
	}
	return to, errNoText
}

func appendFloating(to []byte, w *confluent.Walk, of *confluent.Type) ([]byte, error) {
	var v any
	if of.Kind == confluent.Float {
		b, err := w.Fixed(4)
		if err != nil {
			return to, err
		}
		v = math.Float32frombits(binary.LittleEndian.Uint32(b))
	} else {
		b, err := w.Fixed(8)
		if err != nil {
			return to, err
		}
		v = math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	text, err := json.Marshal(v)
	if err != nil {
		return to, errNoText
	}
	return append(to, text...), nil
}

func appendArray(to []byte, w *confluent.Walk, of *confluent.Type, depth int) ([]byte, error) {
	to = append(to, '[')
	first := true
	err := w.Items(of, func([]byte) error {
		if !first {
			to = append(to, ',')
		}
		first = false
		var err error
		to, err = appendAvro(to, w, of.Items, depth)
		return err
	})
	return append(to, ']'), err
}

// appendMap writes the entries by the order of their keys; of those that have
// one key the last.
func appendMap(to []byte, w *confluent.Walk, of *confluent.Type, depth int) ([]byte, error) {
	type entry struct{ key, value []byte }
	var room [8]entry
	entries := room[:0]
	err := w.Items(of, func(key []byte) error {
		from := w.At
		if err := w.Skip(of.Items); err != nil {
			return err
		}
		if !utf8.Valid(key) {
			return errNoText
		}
		entries = append(entries, entry{key, w.Body[from:w.At]})
		return nil
	})
	if err != nil {
		return to, err
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	to = append(to, '{')
	written := false
	for i, e := range entries {
		if i+1 < len(entries) && bytes.Equal(e.key, entries[i+1].key) {
			continue
		}
		if written {
			to = append(to, ',')
		}
		written = true
		to = append(appendQuoted(to, e.key), ':')
		err := w.Within(e.value, func() error {
			var err error
			to, err = appendAvro(to, w, of.Items, depth)
			return err
		})
		if err != nil {
			return to, err
		}
	}
	return append(to, '}'), nil
}
