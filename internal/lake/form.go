package lake

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/k2-platform/faultline/projections/digest"
)

// errNoForm is of a column whose values have no canonical form.
var errNoForm = errors.New("nested values cannot be compared")

// writeForm appends the form of one row's value.
type writeForm func(dst []byte, row int) []byte

// formOf says how the values of one column of a batch are written.
func formOf(column arrow.Array) (writeForm, error) {
	write, err := valueForm(column)
	if err != nil || column.NullN() == 0 {
		return write, err
	}
	return func(dst []byte, row int) []byte {
		if column.IsNull(row) {
			return digest.AppendNull(dst)
		}
		return write(dst, row)
	}, nil
}

func valueForm(column arrow.Array) (writeForm, error) {
	switch v := column.(type) {
	case *array.Boolean:
		return func(dst []byte, row int) []byte { return digest.AppendBool(dst, v.Value(row)) }, nil
	case *array.Int64:
		return func(dst []byte, row int) []byte { return digest.AppendInt(dst, v.Value(row)) }, nil
	case *array.Int32:
		return func(dst []byte, row int) []byte { return digest.AppendInt(dst, int64(v.Value(row))) }, nil
	case *array.Float64:
		return func(dst []byte, row int) []byte { return digest.AppendDouble(dst, v.Value(row)) }, nil
	case *array.Float32:
		return func(dst []byte, row int) []byte { return digest.AppendDouble(dst, float64(v.Value(row))) }, nil
	case *array.Decimal128:
		return func(dst []byte, row int) []byte {
			n := v.Value(row)
			return digest.AppendDecimal(dst, n.HighBits(), n.LowBits())
		}, nil
	case *array.Date32: // days, which are no moments
		return func(dst []byte, row int) []byte { return digest.AppendInt(dst, int64(v.Value(row))) }, nil
	case *array.Time64:
		return func(dst []byte, row int) []byte { return digest.AppendInt(dst, int64(v.Value(row))) }, nil
	case *array.Timestamp:
		return instantForm(v)
	case *array.String:
		return func(dst []byte, row int) []byte { return digest.AppendText(dst, v.Value(row)) }, nil
	case *array.LargeString:
		return func(dst []byte, row int) []byte { return digest.AppendText(dst, v.Value(row)) }, nil
	case *array.Binary:
		return func(dst []byte, row int) []byte { return digest.AppendBytes(dst, v.Value(row)) }, nil
	case *array.LargeBinary:
		return func(dst []byte, row int) []byte { return digest.AppendBytes(dst, v.Value(row)) }, nil
	case *array.FixedSizeBinary:
		return func(dst []byte, row int) []byte { return digest.AppendBytes(dst, v.Value(row)) }, nil
	case array.ExtensionArray: // such as a UUID
		return valueForm(v.Storage())
	}
	return nil, fmt.Errorf("%s: %w", column.DataType(), errNoForm)
}

// instantForm writes moments in microseconds, whatever unit the table has.
func instantForm(v *array.Timestamp) (writeForm, error) {
	kind, ok := v.DataType().(*arrow.TimestampType)
	if !ok {
		return nil, fmt.Errorf("%s: %w", v.DataType(), errNoForm)
	}
	switch kind.Unit {
	case arrow.Microsecond:
		return func(dst []byte, row int) []byte { return digest.AppendInstant(dst, int64(v.Value(row))) }, nil
	case arrow.Second, arrow.Millisecond, arrow.Nanosecond:
	}
	return func(dst []byte, row int) []byte {
		return digest.AppendInstant(dst, v.Value(row).ToTime(kind.Unit).UnixMicro())
	}, nil
}
