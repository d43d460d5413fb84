package payload

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// deepest is how far types may be nested in a value that is walked over.
const deepest = 200

// avroWalk goes over one value.
type avroWalk struct {
	body  []byte
	at    int
	steps int // that are left: types without bytes cannot be counted for ever
}

var (
	errEndsEarly = errors.New("it ends early")
	errEndless   = errors.New("it holds more elements than its bytes can")
)

func walk(body []byte) *avroWalk { return &avroWalk{body: body, steps: 1<<16 + 4*len(body)} }

// skip goes behind a value of type t.
func (w *avroWalk) skip(t *avroType, depth int) error {
	if w.steps--; w.steps < 0 {
		return errEndless
	}
	if depth > deepest {
		return fmt.Errorf("it is nested more than %d deep", deepest)
	}
	switch t.node.Type {
	case "null":
		return nil
	case "boolean":
		return w.advance(1)
	case "int", "long", "enum":
		_, err := w.long()
		return err
	case "float":
		return w.advance(4)
	case "double":
		return w.advance(8)
	case "fixed":
		return w.advance(int64(t.node.Size))
	case "bytes", "string":
		n, err := w.long()
		if err != nil {
			return err
		}
		return w.advance(n)
	case "record", "error":
		for _, f := range t.fields {
			if err := w.skip(f.of, depth+1); err != nil {
				return fmt.Errorf("field %s: %w", f.name, err)
			}
		}
		return nil
	case "union":
		branch, err := w.branch(t)
		if err != nil {
			return err
		}
		return w.skip(branch, depth+1)
	case "array", "map":
		return w.blocks(t, depth)
	}
	return fmt.Errorf("its type %q is not known", t.node.Type)
}

func (w *avroWalk) blocks(t *avroType, depth int) error {
	for {
		n, err := w.long()
		if err != nil || n == 0 {
			return err
		}
		if n < 0 { // a block that tells its size
			size, err := w.long()
			if err != nil {
				return err
			}
			if err := w.advance(size); err != nil {
				return err
			}
			continue
		}
		for ; n > 0; n-- {
			if t.node.Type == "map" {
				key, err := w.long()
				if err != nil {
					return err
				}
				if err := w.advance(key); err != nil {
					return err
				}
			}
			if err := w.skip(t.items, depth+1); err != nil {
				return err
			}
		}
	}
}

// find goes to the field that path names, and over it.
func (w *avroWalk) find(t *avroType, path []string) (span, *avroType, error) {
	if len(path) == 0 {
		from := w.at
		err := w.skip(t, 0)
		return span{from, w.at}, t, err
	}
	for t.node.Type == "union" {
		branch, err := w.branch(t)
		if err != nil {
			return span{}, nil, err
		}
		t = branch
	}
	for _, f := range t.fields {
		if f.name == path[0] {
			s, of, err := w.find(f.of, path[1:])
			if err != nil {
				err = fmt.Errorf("%s: %w", f.name, err)
			}
			return s, of, err
		}
		if err := w.skip(f.of, 0); err != nil {
			return span{}, nil, fmt.Errorf("field %s: %w", f.name, err)
		}
	}
	return span{}, nil, fmt.Errorf("%s: %w (looked in: %s)", path[0], errNoField, t.node.Type)
}

func (w *avroWalk) branch(t *avroType) (*avroType, error) {
	i, err := w.long()
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= int64(len(t.branches)) {
		return nil, fmt.Errorf("its union has no branch %d", i)
	}
	return t.branches[i], nil
}

func (w *avroWalk) long() (int64, error) {
	v, n := binary.Varint(w.body[w.at:])
	if n <= 0 {
		return 0, errEndsEarly
	}
	w.at += n
	return v, nil
}

func (w *avroWalk) advance(n int64) error {
	if n < 0 || n > int64(len(w.body)-w.at) {
		return errEndsEarly
	}
	w.at += int(n)
	return nil
}
