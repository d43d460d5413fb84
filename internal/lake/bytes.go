package lake

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
)

// Bytes reads a column of bytes. They are copied.
func (r Row) Bytes(column string) ([]byte, bool) {
	values, ok := r.value(column)
	if !ok {
		return nil, false
	}
	switch v := values.(type) {
	case *array.Binary:
		return bytes.Clone(v.Value(r.row)), true
	case *array.LargeBinary:
		return bytes.Clone(v.Value(r.row)), true
	}
	return nil, false
}

// OptionalBytes is bytes that are no text, null where get answers none.
func OptionalBytes[T any](name string, get func(T) []byte) Column[T] {
	present := func(row T) ([]byte, bool) { v := get(row); return v, v != nil }
	return optional(iceberg.PrimitiveTypes.Binary, name, present, bytes.Compare, func(b *array.BinaryBuilder, v []byte) error {
		b.Append(v)
		return nil
	})
}
