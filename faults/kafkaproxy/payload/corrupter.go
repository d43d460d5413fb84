// Package payload corrupts the values of records: Avro and Protobuf in
// Confluent's framing, JSON, or bytes that nobody reads. It changes what it is
// asked to and nothing else, and leaves no mark. It reads schemas from a
// registry and never writes one.
package payload

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/internal/confluent"
)

// Corrupter corrupts values. It is safe for concurrent use. The same value,
// corruption, seed and registry give the same result.
type Corrupter struct {
	seed     uint64
	registry string
	books    *confluent.Registries
}

// New gives a Corrupter that reads schemas from registryURL where a rule names
// no other; "" is none, and then only what needs no schema works. A nil client
// is http.DefaultClient. Each answer is kept; a request may take 3 s.
func New(client *http.Client, registryURL string, seed uint64) *Corrupter {
	return &Corrupter{seed: seed, registry: registryURL, books: confluent.NewRegistries(client)}
}

var errNoRegistry = errors.New("no schema registry is known: start the proxy with one, or name it in the fault")

// schema is that of a record.
func (c *Corrupter) schema(ctx context.Context, id int, url string) (*confluent.Schema, error) {
	return c.look(ctx, id, url, c.books.Schema)
}

// tried is that of an id which no record has.
func (c *Corrupter) tried(ctx context.Context, id int, url string) (*confluent.Schema, error) {
	return c.look(ctx, id, url, c.books.Tried)
}

func (c *Corrupter) look(ctx context.Context, id int, url string, by func(context.Context, int, string) (*confluent.Schema, error)) (*confluent.Schema, error) {
	if url == "" {
		url = c.registry
	}
	if url == "" {
		return nil, fmt.Errorf("reading schema %d: %w", id, errNoRegistry)
	}
	s, err := by(ctx, id, url)
	if err != nil {
		return nil, fmt.Errorf("reading schema %d from %s: %w", id, url, err)
	}
	return s, nil
}

// document is a value that was read, without its frame. Each method gives the
// bytes of the changed one; the same bytes where that changes nothing.
type document interface {
	swap(one, other []string) ([]byte, error)
	wrongType(field []string) ([]byte, error)
	shift(field []string, m move) ([]byte, error)
	add(name string) ([]byte, error)
}

// Corrupt gives value as how says. changed is false where the result is what
// was there: a swap of equal fields is no corruption. An error says that the
// value could not be read, or that it has no room for the change, and why; then
// out is value. value is never written to.
//
// A TimestampShift without fields moves the record's own time, which is not in
// its value: here it is an error.
func (c *Corrupter) Corrupt(ctx context.Context, topic string, value []byte, how rule.Corrupt) (out []byte, changed bool, err error) {
	out, err = c.corrupt(ctx, value, how)
	if err != nil {
		return value, false, fmt.Errorf("corrupting a value of topic %s: %w", topic, err)
	}
	return out, !same(out, value), nil
}

func (c *Corrupter) corrupt(ctx context.Context, value []byte, how rule.Corrupt) ([]byte, error) {
	switch how.Do {
	case rule.NullValue:
		return nil, nil
	case rule.BitFlip:
		return flip(value, how.Bit, c.seed)
	case rule.Truncate:
		return truncate(value, c.seed), nil
	case rule.WrongSchemaID:
		return c.wrongID(ctx, value, how)
	case rule.FieldSwap, rule.WrongType, rule.TimestampShift, rule.NewField:
		return c.inside(ctx, value, how)
	}
	return nil, fmt.Errorf("corruption %d is none that is known", how.Do)
}

// inside corrupts fields, for which the value has to be read.
func (c *Corrupter) inside(ctx context.Context, value []byte, how rule.Corrupt) ([]byte, error) {
	if value == nil {
		return nil, errors.New("the value is null: it has no fields")
	}
	frame, doc, err := c.read(ctx, value, how)
	if err != nil {
		return nil, err
	}
	body, err := apply(doc, how)
	if err != nil || len(frame) == 0 {
		return body, err
	}
	return append(slices.Clip(frame), body...), nil
}

func apply(doc document, how rule.Corrupt) ([]byte, error) {
	fields := make([][]string, len(how.Fields))
	for i, f := range how.Fields {
		path, err := split(f)
		if err != nil {
			return nil, err
		}
		fields[i] = path
	}
	//nolint:exhaustive // the others do not look inside
	switch how.Do {
	case rule.FieldSwap:
		if len(fields) != 2 {
			return nil, fmt.Errorf("a field swap needs two fields and has %d", len(fields))
		}
		if nested(fields[0], fields[1]) {
			return nil, fmt.Errorf("%s and %s cannot change places: one holds the other", how.Fields[0], how.Fields[1])
		}
		return doc.swap(fields[0], fields[1])
	case rule.WrongType:
		if len(fields) != 1 {
			return nil, fmt.Errorf("a wrong type needs one field and has %d", len(fields))
		}
		return doc.wrongType(fields[0])
	case rule.TimestampShift:
		if len(fields) != 1 {
			return nil, errors.New("a timestamp shift without a field is of the record, not of its value")
		}
		return doc.shift(fields[0], move(how.By))
	}
	if len(fields) == 0 {
		return doc.add("extra_field")
	}
	return doc.add(fields[0][0])
}
