// Package mapping reads the fields of records that a table's columns were made
// of, in the form that both sides have: a mapping of the platform's description,
// held against the schema that a record was written with and the columns of the
// table. It reads neither topics nor tables.
package mapping

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/spec"
)

// Schemas gives a writer's schema by the id in the frame; confluent.Registry is
// one. Its errors are confluent's.
type Schemas interface {
	Schema(ctx context.Context, id int) (*confluent.Schema, error)
}

// Mapping reads records. It is safe for concurrent use. Make one with Compile.
type Mapping struct {
	format  string
	targets []*target // those of the key first
	keys    int
	schemas Schemas
	fields  *jsonNode // of JSON
	missing [][]byte  // by column: the form where JSON lacks the field; nil: it must not

	last atomic.Pointer[plan] // most topics have one writer at a time

	mu    sync.Mutex
	plans map[int]*plan
}

// Forms are what a record says, in canonical form (see digest): Key is that of
// the columns of the key, in their order, Values that of all other mapped
// columns. Both are overwritten by the next record that is read into them; the
// zero value is ready for the first. One record is read into them at a time.
type Forms struct {
	Key, Values []byte
	SchemaID    int32 // in the frame of the record; 0: it has none

	slots []slot
	text  []byte // room for what is put together
}

// slot is where the value of a column stands in a record.
type slot struct {
	form     form // nil: it is not there
	from, to int
}

// form appends the form of an encoded value.
type form func(dst *Forms, to, data []byte) ([]byte, error)

// Compile holds a mapping against the columns of its table. The error has all
// that is wrong, with the place in the mapping, as Check says it. schemas may be
// nil for JSON.
func Compile(m spec.Mapping, columns []Column, schemas Schemas) (*Mapping, error) {
	targets, problems := targetsOf(m, columns)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("mapping records to columns: %w", err)
	}
	if schemas == nil && m.Format != spec.FormatJSON {
		return nil, errors.New("mapping records to columns: nothing gives their schemas")
	}
	out := &Mapping{format: m.Format, schemas: schemas, keys: len(m.Key), plans: map[int]*plan{}}
	for _, k := range m.Key {
		i := slices.IndexFunc(targets, func(t *target) bool { return t.column.Name == k })
		if i < 0 {
			return nil, fmt.Errorf("mapping records to columns: column %q of the key has no field", k)
		}
		out.targets = append(out.targets, targets[i])
		targets = slices.Delete(targets, i, i+1)
	}
	out.targets = append(out.targets, targets...)
	if m.Format == spec.FormatJSON {
		out.fields = jsonTree(out.targets)
		for _, t := range out.targets {
			out.missing = append(out.missing, t.missing)
		}
	}
	return out, nil
}

// Columns are what a scan of the table has to read, in the order of the forms:
// the columns of the key, then the others in the order of the mapping.
func (m *Mapping) Columns() []string {
	out := make([]string, len(m.targets))
	for i, t := range m.targets {
		out[i] = t.column.Name
	}
	return out
}

// Record reads the forms of a record's value into dst. The errors are those of
// this package, and of ctx; with an error dst holds nothing but the schema's id,
// if there is one.
func (m *Mapping) Record(ctx context.Context, dst *Forms, value []byte) error {
	dst.Key, dst.Values, dst.SchemaID = dst.Key[:0], dst.Values[:0], 0
	if value == nil {
		return fmt.Errorf("reading a record: %w", ErrNull)
	}
	err := m.record(ctx, dst, value)
	if err != nil {
		dst.Key, dst.Values = dst.Key[:0], dst.Values[:0]
		if dst.SchemaID != 0 {
			return fmt.Errorf("reading a record of schema %d: %w", dst.SchemaID, err)
		}
		return fmt.Errorf("reading a record: %w", err)
	}
	return nil
}

func (m *Mapping) record(ctx context.Context, dst *Forms, value []byte) error {
	framed := confluent.Framed(value)
	if framed {
		dst.SchemaID = int32(confluent.ID(value)) //nolint:gosec // its 32 bits
	}
	if cap(dst.slots) < len(m.targets) {
		dst.slots = make([]slot, len(m.targets))
	}
	dst.slots = dst.slots[:len(m.targets)]
	clear(dst.slots)
	switch {
	case m.format == spec.FormatJSON && framed:
		return m.json(dst, value[confluent.FrameSize:])
	case m.format == spec.FormatJSON:
		return m.json(dst, value)
	case !framed && len(value) > 0 && value[0] == 0:
		return ErrTruncated
	case !framed:
		return ErrNotFramed
	}
	p, err := m.plan(ctx, confluent.ID(value))
	if err != nil {
		return err
	}
	if p.avro != nil {
		return m.avro(dst, p, value[confluent.FrameSize:])
	}
	return m.protobuf(dst, p, value[confluent.FrameSize:])
}

// fill appends what the slots hold: that of the key, then that of the values.
func (m *Mapping) fill(dst *Forms, body []byte, absent [][]byte) error {
	to := dst.Key
	for i := range dst.slots {
		if i == m.keys {
			dst.Key, to = to, dst.Values
		}
		s := &dst.slots[i]
		if s.form == nil {
			if absent[i] == nil {
				return m.targets[i].failed(ErrNoField)
			}
			to = append(to, absent[i]...)
			continue
		}
		longer, err := s.form(dst, to, body[s.from:s.to])
		if err != nil {
			return m.targets[i].failed(err)
		}
		to = longer
	}
	if m.keys == len(dst.slots) {
		dst.Key = to
		return nil
	}
	dst.Values = to
	return nil
}
