package lake

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/iceberg-go"
)

// Column is one column of a table of T: its name, its type and how to get its
// value from a row. Make one with Text, Int, Double, Bool, Instant, Decimal
// or an Optional form of these; the zero value is refused by OpenTable.
type Column[T any] struct {
	name     string
	kind     iceberg.Type
	required bool
	write    func(array.Builder, T) error
	compare  func(a, b T) int
}

// Name is the column's name in the table.
func (c Column[T]) Name() string { return c.name }

// Text is a string column. What is not UTF-8 is stored as U+FFFD, because
// Parquet readers refuse the whole file otherwise.
func Text[T any](name string, get func(T) string) Column[T] {
	return required(iceberg.PrimitiveTypes.String, name, get, cmp.Compare[string], appendText)
}

// OptionalText is Text, null where get answers false.
func OptionalText[T any](name string, get func(T) (string, bool)) Column[T] {
	return optional(iceberg.PrimitiveTypes.String, name, get, cmp.Compare[string], appendText)
}

// Int is a 64-bit integer column.
func Int[T any](name string, get func(T) int64) Column[T] {
	return required(iceberg.PrimitiveTypes.Int64, name, get, cmp.Compare[int64], appendInt)
}

// Count is Int for what is never negative. Iceberg has no unsigned type; a
// count past 2^63 is no count.
func Count[T any](name string, get func(T) uint64) Column[T] {
	return Int(name, func(row T) int64 { return int64(min(get(row), math.MaxInt64)) })
}

// OptionalInt is Int, null where get answers false.
func OptionalInt[T any](name string, get func(T) (int64, bool)) Column[T] {
	return optional(iceberg.PrimitiveTypes.Int64, name, get, cmp.Compare[int64], appendInt)
}

// Double is a 64-bit floating point column.
func Double[T any](name string, get func(T) float64) Column[T] {
	return required(iceberg.PrimitiveTypes.Float64, name, get, cmp.Compare[float64], appendDouble)
}

// OptionalDouble is Double, null where get answers false.
func OptionalDouble[T any](name string, get func(T) (float64, bool)) Column[T] {
	return optional(iceberg.PrimitiveTypes.Float64, name, get, cmp.Compare[float64], appendDouble)
}

// Bool is a truth value column; false sorts before true.
func Bool[T any](name string, get func(T) bool) Column[T] {
	return required(iceberg.PrimitiveTypes.Bool, name, get, compareBool, appendBool)
}

// OptionalBool is Bool, null where get answers false.
func OptionalBool[T any](name string, get func(T) (bool, bool)) Column[T] {
	return optional(iceberg.PrimitiveTypes.Bool, name, get, compareBool, appendBool)
}

// Instant is a point in time, kept in whole microseconds, UTC.
func Instant[T any](name string, get func(T) time.Time) Column[T] {
	return required(iceberg.PrimitiveTypes.TimestampTz, name, get, time.Time.Compare, appendInstant)
}

// OptionalInstant is Instant, null where get answers false.
func OptionalInstant[T any](name string, get func(T) (time.Time, bool)) Column[T] {
	return optional(iceberg.PrimitiveTypes.TimestampTz, name, get, time.Time.Compare, appendInstant)
}

// Decimal is an exact number of at most precision (1 to 38) digits, scale of
// them after the point. get answers the unscaled value, nil for null; a value
// of more digits fails the append that holds it.
func Decimal[T any](name string, precision, scale int, get func(T) *big.Int) Column[T] {
	present := func(row T) (*big.Int, bool) { v := get(row); return v, v != nil }
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(precision, 0))), nil)
	return optional(iceberg.DecimalTypeOf(precision, scale), name, present, (*big.Int).Cmp,
		func(b *array.Decimal128Builder, v *big.Int) error {
			if v.CmpAbs(limit) >= 0 {
				return fmt.Errorf("value %s has more than %d digits", v, precision)
			}
			b.Append(decimal128.FromBigInt(v))
			return nil
		})
}

func appendText(b *array.StringBuilder, v string) error {
	b.Append(strings.ToValidUTF8(v, "\uFFFD"))
	return nil
}
func appendInt(b *array.Int64Builder, v int64) error        { b.Append(v); return nil }
func appendDouble(b *array.Float64Builder, v float64) error { b.Append(v); return nil }
func appendBool(b *array.BooleanBuilder, v bool) error      { b.Append(v); return nil }
func appendInstant(b *array.TimestampBuilder, v time.Time) error {
	b.Append(arrow.Timestamp(v.UnixMicro()))
	return nil
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func required[T, V any, B array.Builder](
	kind iceberg.Type, name string, get func(T) V, compare func(a, b V) int, put func(B, V) error,
) Column[T] {
	column := optional(kind, name, func(row T) (V, bool) { return get(row), true }, compare, put)
	column.required = true
	return column
}

func optional[T, V any, B array.Builder](
	kind iceberg.Type, name string, get func(T) (V, bool), compare func(a, b V) int, put func(B, V) error,
) Column[T] {
	return Column[T]{
		name: name,
		kind: kind,
		write: func(builder array.Builder, row T) error {
			typed, ok := builder.(B)
			if !ok {
				return fmt.Errorf("column %s: %T does not take %s", name, builder, kind)
			}
			v, present := get(row)
			if !present {
				builder.AppendNull()
				return nil
			}
			if err := put(typed, v); err != nil {
				return fmt.Errorf("column %s: %w", name, err)
			}
			return nil
		},
		compare: func(a, b T) int { return compareOptional(a, b, get, compare) },
	}
}

// compareOptional puts null first, as the table's sort order declares.
func compareOptional[T, V any](a, b T, get func(T) (V, bool), compare func(a, b V) int) int {
	va, presentA := get(a)
	vb, presentB := get(b)
	if !presentA || !presentB {
		return compareBool(presentA, presentB)
	}
	return compare(va, vb)
}
