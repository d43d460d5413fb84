package mapping

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// avro gives how a value of a type becomes a form of the column. The forms get
// whole values, which were walked over.
func (t *target) avro(of *confluent.Type) (form, *misfit) {
	switch t.as {
	case "": // of a table that is not known
		return nil, nil
	case spec.AsBool:
		if of.Kind == confluent.Boolean {
			return func(_ *Forms, to, data []byte) ([]byte, error) { return digest.AppendBool(to, data[0] != 0), nil }, nil
		}
	case spec.AsInt:
		if whole(of) {
			return func(_ *Forms, to, data []byte) ([]byte, error) { return t.integer(to, long(data)), nil }, nil
		}
	case spec.AsDouble:
		if get := floating(of); get != nil {
			return func(_ *Forms, to, data []byte) ([]byte, error) { return t.double(to, get(data)), nil }, nil
		}
		if of.Node.LogicalType == "decimal" && t.Type == spec.AsDouble {
			return t.avroNearest(of), nil
		}
	case spec.AsDecimal:
		return t.avroDecimal(of)
	case spec.AsInstant:
		return t.avroInstant(of)
	case spec.AsText:
		return t.avroText(of)
	case spec.AsEnum:
		return t.avroEnum(of)
	case spec.AsBytes:
		if of.Kind == confluent.Bytes {
			return func(_ *Forms, to, data []byte) ([]byte, error) { return digest.AppendBytes(to, behind(data)), nil }, nil
		}
		if of.Kind == confluent.Fixed {
			return func(_ *Forms, to, data []byte) ([]byte, error) { return digest.AppendBytes(to, data), nil }, nil
		}
	case spec.AsJSONText:
		return t.avroJSON(of)
	}
	return nil, t.not(described(of))
}

// not says that the record has another type than the column takes.
func (t *target) not(is string) *misfit {
	return &misfit{"type", fmt.Sprintf("the record has %s, and column %s is %s", is, t.column.Name, t.column.Type), "map it to a column of its type"}
}

// described names a type for people.
func described(of *confluent.Type) string {
	switch n := of.Node; {
	case n.LogicalType == "decimal":
		return fmt.Sprintf("decimal(%d, %d)", n.Precision, n.Scale)
	case n.LogicalType != "":
		return n.Type + " of " + n.LogicalType
	case of.Name != "":
		return n.Type + " " + of.Name
	default:
		return n.Type
	}
}

func whole(of *confluent.Type) bool { return of.Kind == confluent.Int || of.Kind == confluent.Long }

func long(data []byte) int64 {
	v, _ := binary.Varint(data)
	return v
}

// behind gives what stands behind a length.
func behind(data []byte) []byte {
	_, n := binary.Varint(data)
	return data[n:]
}

// floating reads what a floating point column takes; nil where it takes none.
func floating(of *confluent.Type) func([]byte) float64 {
	switch of.Kind { //nolint:exhaustive // no other is a number
	case confluent.Float:
		return func(data []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(data))) }
	case confluent.Double:
		return func(data []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(data)) }
	case confluent.Int, confluent.Long:
		if of.Node.LogicalType == "" {
			return func(data []byte) float64 { return float64(long(data)) }
		}
	}
	return nil
}

func (t *target) avroDecimal(of *confluent.Type) (form, *misfit) {
	column := t.column.Type
	switch n := of.Node; {
	case n.LogicalType == "decimal":
		if n.Scale > column.Scale && t.Scale == nil {
			return nil, &misfit{
				"scale", fmt.Sprintf("the record has %s, and column %s is %s: decimals would be lost", described(of), t.column.Name, column),
				fmt.Sprintf("widen the column, or write scale: %d where no value has more", column.Scale),
			}
		}
		factor, ok := pow10(max(column.Scale-n.Scale, 0))
		if !ok || n.Scale < 0 {
			return nil, t.not(described(of))
		}
		return avroDigits(of, func(to []byte, a amount) ([]byte, error) { return t.decimal(to, a, factor), nil }), nil
	case whole(of) && n.LogicalType == "":
		factor, _ := pow10(column.Scale)
		return func(_ *Forms, to, data []byte) ([]byte, error) {
			return t.decimal(to, amountOfInt(long(data)), factor), nil
		}, nil
	case of.Kind == confluent.String && t.Type == spec.AsDecimal:
		return func(_ *Forms, to, data []byte) ([]byte, error) { return t.decimalText(to, string(behind(data))) }, nil
	case of.Kind == confluent.String, of.Kind == confluent.Float, of.Kind == confluent.Double:
		if t.Type != spec.AsDecimal {
			return nil, &misfit{"type", fmt.Sprintf("the record has %s, and column %s is %s", described(of), t.column.Name, column), "write type: decimal where it is a number"}
		}
		get, short := floating(of), of.Kind == confluent.Float
		return func(_ *Forms, to, data []byte) ([]byte, error) {
			if v := get(data); !short {
				return t.decimalDouble(to, v)
			} else if !math.IsNaN(v) && !math.IsInf(v, 0) {
				return t.decimalText(to, strconv.FormatFloat(v, 'e', -1, 32)) // its own shortest text
			}
			return t.decimalDouble(to, get(data))
		}, nil
	}
	return nil, t.not(described(of))
}

// avroNearest stores a decimal as the floating point number nearest to it.
func (t *target) avroNearest(of *confluent.Type) form {
	return avroDigits(of, func(to []byte, a amount) ([]byte, error) { return t.doubleText(to, a.text()) })
}

// avroDigits reads the digits of a decimal, which stand behind their length
// except in a fixed.
func avroDigits(of *confluent.Type, add func(to []byte, a amount) ([]byte, error)) form {
	fixed, scale := of.Kind == confluent.Fixed, of.Node.Scale
	return func(_ *Forms, to, data []byte) ([]byte, error) {
		if !fixed {
			data = behind(data)
		}
		a, ok := amountOf(data, scale)
		if !ok {
			return digest.AppendInexact(to, data), nil
		}
		return add(to, a)
	}
}

func (t *target) avroInstant(of *confluent.Type) (form, *misfit) {
	if of.Kind == confluent.String {
		return func(_ *Forms, to, data []byte) ([]byte, error) { return t.instantText(to, string(behind(data))) }, nil
	}
	if !whole(of) {
		return nil, t.not(described(of))
	}
	kind, wall := strings.CutPrefix(of.Node.LogicalType, "local-")
	unit := map[string]unit{
		"": unitOf(t.Unit), "timestamp-millis": unitOf(spec.UnitMillis), "timestamp-micros": unitOf(spec.UnitMicros),
		"timestamp-nanos": unitOf(spec.UnitNanos), "date": days(),
	}[kind]
	wall = wall || kind == "date"
	switch {
	case kind == "" && t.Unit == "":
		return nil, &misfit{"unit", fmt.Sprintf("the record has %s, of which nothing says what it counts", described(of)), "write unit: " + strings.Join(spec.Units(), ", unit: ")}
	case unit.over == 0:
		return nil, t.not(described(of))
	case kind != "" && t.Unit != "" && unitOf(t.Unit) != unit:
		return nil, &misfit{"unit", fmt.Sprintf("unit %s is not that of the record, %s", t.Unit, of.Node.LogicalType), "remove it"}
	case wall && t.column.Type.Zone && t.zone == nil:
		return nil, &misfit{"zone", fmt.Sprintf("the record has %s, which has no zone, and column %s is %s", described(of), t.column.Name, t.column.Type), "write zone: the zone that it was read in, such as zone: UTC"}
	}
	return func(_ *Forms, to, data []byte) ([]byte, error) { return t.since(to, long(data), unit, wall) }, nil
}

func (t *target) avroText(of *confluent.Type) (form, *misfit) {
	switch {
	case of.Kind == confluent.String:
		return func(_ *Forms, to, data []byte) ([]byte, error) { return appendText(to, behind(data)), nil }, nil
	case of.Kind == confluent.Enum:
		return t.avroEnum(of)
	case whole(of) && t.Type == spec.AsText:
		return func(dst *Forms, to, data []byte) ([]byte, error) {
			dst.text = strconv.AppendInt(dst.text[:0], long(data), 10)
			return digest.AppendText(to, dst.text), nil
		}, nil
	case of.Kind == confluent.Boolean && t.Type == spec.AsText:
		return func(_ *Forms, to, data []byte) ([]byte, error) {
			return digest.AppendText(to, strconv.FormatBool(data[0] != 0)), nil
		}, nil
	case of.Kind == confluent.Array, of.Kind == confluent.Map, of.Kind == confluent.Record:
		return nil, &misfit{"type", fmt.Sprintf("the record has %s, and column %s is %s", described(of), t.column.Name, t.column.Type), "write type: json where its text is stored"}
	}
	return nil, t.not(described(of))
}

// avroEnum stores a symbol by its name.
func (t *target) avroEnum(of *confluent.Type) (form, *misfit) {
	if of.Kind == confluent.String {
		return func(_ *Forms, to, data []byte) ([]byte, error) {
			symbol := behind(data)
			if name, ok := t.Names[string(symbol)]; ok {
				return appendText(to, name), nil
			}
			return appendText(to, symbol), nil
		}, nil
	}
	if of.Kind != confluent.Enum {
		return nil, t.not(described(of))
	}
	if bad := t.symbols(of.Node.Symbols); bad != nil {
		return nil, bad
	}
	ready := make([][]byte, len(of.Node.Symbols))
	for i, symbol := range of.Node.Symbols {
		ready[i] = appendText(nil, t.stored(symbol))
	}
	return func(_ *Forms, to, data []byte) ([]byte, error) {
		i := long(data)
		if i < 0 || i >= int64(len(ready)) {
			return nil, fmt.Errorf("%w: its enum has no symbol %d", ErrForged, i)
		}
		return append(to, ready[i]...), nil
	}, nil
}

// symbols finds a name for a symbol that there is not.
func (t *target) symbols(known []string) *misfit {
	for symbol := range t.Names {
		if !slices.Contains(known, symbol) {
			return &misfit{"names", fmt.Sprintf("the enum has no symbol %q", symbol), spec.DidYouMean(symbol, known)}
		}
	}
	return nil
}
