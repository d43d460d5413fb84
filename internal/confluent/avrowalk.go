package confluent

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// deepest is how far types may be nested in a value that is walked over.
const deepest = 200

// Walk goes over the bytes of one Avro value. Make one with WalkOver.
type Walk struct {
	Body []byte
	At   int // of the byte that comes next

	steps int // that are left: types without bytes cannot be counted for ever
}

var (
	// ErrEndsEarly says that a value has fewer bytes than it says.
	ErrEndsEarly = errors.New("it ends early")
	// ErrForged says that a value is none that a writer of its schema writes.
	ErrForged = errors.New("it is no value of its schema")
)

// WalkOver stands before the first byte of a value.
func WalkOver(body []byte) Walk { return Walk{Body: body, steps: 1<<16 + 4*len(body)} }

// Skip goes behind a value of type t: ErrEndsEarly, ErrForged. What a value
// says of its own size is not believed beyond the bytes that it has.
func (w *Walk) Skip(t *Type) error { return w.skip(t, 0) }

func (w *Walk) skip(t *Type, depth int) error {
	if err := w.Step(depth); err != nil {
		return err
	}
	switch t.Kind {
	case Null:
		return nil
	case Boolean:
		return w.advance(1)
	case Int, Long, Enum:
		_, err := w.Long()
		return err
	case Float:
		return w.advance(4)
	case Double:
		return w.advance(8)
	case Fixed:
		return w.advance(int64(t.Size))
	case Bytes, String:
		_, err := w.Bytes()
		return err
	case Record:
		for i := range t.Fields {
			f := &t.Fields[i]
			if err := w.skip(f.Of, depth+1); err != nil {
				return fmt.Errorf("field %s: %w", f.Name, err)
			}
		}
		return nil
	case Union:
		branch, err := w.Branch(t)
		if err != nil {
			return err
		}
		return w.skip(branch, depth+1)
	case Array, Map:
		return w.blocks(t, depth)
	case Unknown:
	}
	return fmt.Errorf("its type %q is not known", t.Node.Type)
}

// Step counts one value more, nested depth deep.
func (w *Walk) Step(depth int) error {
	if w.steps--; w.steps < 0 {
		return fmt.Errorf("%w: it holds more elements than its bytes can", ErrForged)
	}
	if depth > deepest {
		return fmt.Errorf("%w: it is nested more than %d deep", ErrForged, deepest)
	}
	return nil
}

func (w *Walk) blocks(t *Type, depth int) error {
	for {
		n, err := w.Long()
		if err != nil || n == 0 {
			return err
		}
		if n < 0 { // a block that tells its size
			if _, err := w.Bytes(); err != nil {
				return err
			}
			continue
		}
		for ; n > 0; n-- {
			if t.Kind == Map {
				if _, err := w.Bytes(); err != nil {
					return err
				}
			}
			if err := w.skip(t.Items, depth+1); err != nil {
				return err
			}
		}
	}
}

// Items calls each where an element of an array or a map begins, with its key
// in a map; each goes behind the element, and counts it by Step or Skip.
func (w *Walk) Items(t *Type, each func(key []byte) error) error {
	for {
		n, err := w.Long()
		if err != nil || n == 0 {
			return err
		}
		if n < 0 { // a block that tells its size
			if n = -n; n < 0 {
				return fmt.Errorf("%w: a block has %d elements", ErrForged, n)
			}
			if _, err := w.Long(); err != nil {
				return err
			}
		}
		for ; n > 0; n-- {
			var key []byte
			if t.Kind == Map {
				if key, err = w.Bytes(); err != nil {
					return err
				}
			}
			if err := each(key); err != nil {
				return err
			}
		}
	}
}

// Within goes over other bytes for a while, and counts steps on.
func (w *Walk) Within(body []byte, do func() error) error {
	outer, at := w.Body, w.At
	w.Body, w.At = body, 0
	err := do()
	w.Body, w.At = outer, at
	return err
}

// Branch reads which branch of a union is there.
func (w *Walk) Branch(t *Type) (*Type, error) {
	i, err := w.Long()
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= int64(len(t.Branches)) {
		return nil, fmt.Errorf("%w: its union has no branch %d", ErrForged, i)
	}
	return t.Branches[i], nil
}

// Long reads an int, a long, or what is encoded as one.
func (w *Walk) Long() (int64, error) {
	if w.At < len(w.Body) && w.Body[w.At] < 0x80 { // most are of one byte
		b := w.Body[w.At]
		w.At++
		return int64(b>>1) ^ -int64(b&1), nil
	}
	v, n := binary.Varint(w.Body[w.At:])
	switch {
	case n == 0:
		return 0, ErrEndsEarly
	case n < 0:
		return 0, fmt.Errorf("%w: a number has more than 64 bits", ErrForged)
	}
	w.At += n
	return v, nil
}

// Bytes reads a length and as many bytes, which stay those of the value.
func (w *Walk) Bytes() ([]byte, error) {
	n, err := w.Long()
	if err != nil {
		return nil, err
	}
	return w.Fixed(n)
}

// Fixed reads so many bytes, which stay those of the value.
func (w *Walk) Fixed(n int64) ([]byte, error) {
	from := w.At
	if err := w.advance(n); err != nil {
		return nil, err
	}
	return w.Body[from:w.At:w.At], nil
}

func (w *Walk) advance(n int64) error {
	if n < 0 {
		return fmt.Errorf("%w: a length is %d", ErrForged, n)
	}
	if n > int64(len(w.Body)-w.At) {
		return ErrEndsEarly
	}
	w.At += int(n)
	return nil
}
