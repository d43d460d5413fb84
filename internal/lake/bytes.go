package lake

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
)

// OptionalBytes is bytes that are no text, null where get answers none.
func OptionalBytes[T any](name string, get func(T) []byte) Column[T] {
	present := func(row T) ([]byte, bool) { v := get(row); return v, v != nil }
	return optional(iceberg.PrimitiveTypes.Binary, name, present, bytes.Compare, func(b *array.BinaryBuilder, v []byte) error {
		b.Append(v)
		return nil
	})
}
