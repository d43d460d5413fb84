package lake

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Row is one row of a scan, valid during the call it is passed to. Its
// methods answer false for null, for a column that was not read, and for one
// of another type.
type Row struct {
	batch arrow.RecordBatch
	row   int
	index map[string]int
}

// Columns lists the columns read, in the table's order.
func (r Row) Columns() []string {
	names := make([]string, 0, len(r.index))
	for name := range r.index {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return r.index[a] - r.index[b] })
	return names
}

func (r Row) value(column string) (arrow.Array, bool) {
	i, ok := r.index[column]
	if !ok {
		return nil, false
	}
	values := r.batch.Column(i)
	return values, !values.IsNull(r.row)
}

// Null reports whether the column has no value in this row.
func (r Row) Null(column string) bool {
	_, ok := r.value(column)
	return !ok
}

// Text renders a column of any type: times as RFC 3339 in UTC, numbers in
// decimal, decimals with all digits of their scale.
func (r Row) Text(column string) (string, bool) {
	values, ok := r.value(column)
	if !ok {
		return "", false
	}
	switch v := values.(type) {
	case *array.Timestamp:
		at, _ := r.Time(column)
		return at.Format(time.RFC3339Nano), true
	case *array.Float64:
		return strconv.FormatFloat(v.Value(r.row), 'g', -1, 64), true
	case *array.Decimal128:
		kind, _ := v.DataType().(*arrow.Decimal128Type)
		return v.Value(r.row).ToString(kind.Scale), true
	}
	return strings.Clone(values.ValueStr(r.row)), true // the batch's memory is reused
}

// Int reads an integer column.
func (r Row) Int(column string) (int64, bool) {
	values, ok := r.value(column)
	if !ok {
		return 0, false
	}
	switch v := values.(type) {
	case *array.Int64:
		return v.Value(r.row), true
	case *array.Int32:
		return int64(v.Value(r.row)), true
	}
	return 0, false
}

// Double reads a number: a floating point column, or any integer or decimal
// as the nearest double.
func (r Row) Double(column string) (float64, bool) {
	values, ok := r.value(column)
	if !ok {
		return 0, false
	}
	switch v := values.(type) {
	case *array.Float64:
		return v.Value(r.row), true
	case *array.Float32:
		return float64(v.Value(r.row)), true
	case *array.Decimal128:
		kind, _ := v.DataType().(*arrow.Decimal128Type)
		return v.Value(r.row).ToFloat64(kind.Scale), true
	}
	n, ok := r.Int(column)
	return float64(n), ok
}

// Time reads an instant, in UTC.
func (r Row) Time(column string) (time.Time, bool) {
	values, ok := r.value(column)
	if !ok {
		return time.Time{}, false
	}
	v, ok := values.(*array.Timestamp)
	if !ok {
		return time.Time{}, false
	}
	kind, _ := v.DataType().(*arrow.TimestampType)
	return v.Value(r.row).ToTime(kind.Unit), true
}
