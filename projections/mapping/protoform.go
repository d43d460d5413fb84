package mapping

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

const (
	protoTimestamp = "google.protobuf.Timestamp"
	protoWrappers  = "google/protobuf/wrappers.proto" // the file of the messages of one simple value
)

// proto gives how a single value becomes a form of the column. The forms get
// values without tag and length; none where the value is zero.
func (t *target) proto(of protoreflect.FieldDescriptor) (form, *misfit) {
	if t.as == "" { // of a table that is not known
		return nil, nil
	}
	if m := of.Message(); m != nil && of.Kind() == protoreflect.MessageKind {
		return t.protoMessage(of, m)
	}
	var get form
	switch kind := of.Kind(); t.as {
	case spec.AsBool:
		if kind == protoreflect.BoolKind {
			get = func(_ *Forms, to, data []byte) ([]byte, error) { return digest.AppendBool(to, varint(data) != 0), nil }
		}
	case spec.AsInt:
		get = t.protoWhole(of, func(to []byte, v int64) []byte { return t.integer(to, v) })
	case spec.AsDecimal:
		factor, _ := pow10(t.column.Type.Scale)
		if get = t.protoWhole(of, func(to []byte, v int64) []byte { return t.decimal(to, amountOfInt(v), factor) }); get != nil {
			break
		}
		if read := t.protoFloating(of); read != nil && t.Type == spec.AsDecimal {
			get = func(_ *Forms, to, data []byte) ([]byte, error) { return t.decimalDouble(to, read(data)) }
		}
		if kind == protoreflect.StringKind {
			get = func(_ *Forms, to, data []byte) ([]byte, error) { return t.decimalText(to, string(data)) }
		}
	case spec.AsDouble:
		if read := t.protoFloating(of); read != nil {
			get = func(_ *Forms, to, data []byte) ([]byte, error) { return t.double(to, read(data)), nil }
		} else {
			get = t.protoWhole(of, func(to []byte, v int64) []byte { return t.double(to, float64(v)) })
		}
	case spec.AsInstant:
		return t.protoInstant(of)
	case spec.AsText, spec.AsEnum:
		return t.protoText(of)
	case spec.AsBytes:
		if kind == protoreflect.BytesKind {
			get = func(_ *Forms, to, data []byte) ([]byte, error) { return digest.AppendBytes(to, data), nil }
		}
	}
	if get == nil {
		return nil, t.not(protoName(of))
	}
	return get, nil
}

func protoName(of protoreflect.FieldDescriptor) string {
	switch {
	case of.IsMap():
		return "a map"
	case of.IsList():
		return "a list of " + of.Kind().String()
	case of.Message() != nil:
		return "message " + string(of.Message().FullName())
	case of.Enum() != nil:
		return "enum " + string(of.Enum().FullName())
	}
	return of.Kind().String()
}

// protoMessage takes Google's own messages of one value.
func (t *target) protoMessage(of protoreflect.FieldDescriptor, m protoreflect.MessageDescriptor) (form, *misfit) {
	switch {
	case m.FullName() == protoTimestamp && t.as == spec.AsInstant:
		return func(_ *Forms, to, data []byte) ([]byte, error) {
			seconds, nanos, err := timestamp(data)
			if err != nil {
				return nil, err
			}
			if nanos%1000 != 0 || seconds > math.MaxInt64/1_000_001 || seconds < math.MinInt64/1_000_001 {
				return digest.AppendInexact(to, data), nil
			}
			return t.instant(to, seconds*1_000_000+nanos/1000, false)
		}, nil
	case m.ParentFile().Path() == protoWrappers:
		value := m.Fields().ByName("value")
		if value == nil {
			break
		}
		inner, bad := t.proto(value)
		if bad != nil {
			return nil, bad
		}
		return func(dst *Forms, to, data []byte) ([]byte, error) {
			got, err := lastOf(data, value)
			if err != nil {
				return nil, err
			}
			return inner(dst, to, got)
		}, nil
	}
	return nil, t.not(protoName(of))
}

// lastOf gives the last value of a field in a message, without tag and length;
// nothing where it is not there.
func lastOf(data []byte, of protoreflect.FieldDescriptor) ([]byte, error) {
	var got [1]slot
	n := protoNode{fields: []protoField{{of: of, takes: []take{{slot: 0, form: nothing}}}}}
	if err := n.walk(got[:], data, 0, len(data)); err != nil {
		return nil, err
	}
	return data[got[0].from:got[0].to], nil
}

func timestamp(data []byte) (seconds, nanos int64, err error) {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return 0, 0, protoError(n)
		}
		size := protowire.ConsumeFieldValue(number, kind, data[n:])
		if size < 0 {
			return 0, 0, protoError(size)
		}
		switch value := data[n : n+size]; {
		case number == 1 && kind == protowire.VarintType:
			seconds = int64(varint(value)) //nolint:gosec // its bits
		case number == 2 && kind == protowire.VarintType:
			nanos = int64(int32(varint(value))) //nolint:gosec // its bits
		}
		data = data[n+size:]
	}
	return seconds, nanos, nil
}

// varint is 0 of no bytes.
func varint(data []byte) uint64 {
	v, n := protowire.ConsumeVarint(data)
	if n < 0 {
		return 0
	}
	return v
}

// protoInt reads a number that is whole; false where it has more than 63 bits.
// nil is of what is none.
func protoInt(of protoreflect.FieldDescriptor) func([]byte) (int64, bool) {
	fixed32 := func(data []byte) uint32 {
		if len(data) < 4 {
			return 0
		}
		return binary.LittleEndian.Uint32(data)
	}
	fixed64 := func(data []byte) uint64 {
		if len(data) < 8 {
			return 0
		}
		return binary.LittleEndian.Uint64(data)
	}
	unsigned := func(v uint64) (int64, bool) { return int64(v), v <= math.MaxInt64 } //nolint:gosec // this is the check
	switch of.Kind() {                                                               //nolint:exhaustive // no other is whole
	case protoreflect.Int32Kind, protoreflect.EnumKind:
		return func(data []byte) (int64, bool) { return int64(int32(varint(data))), true } //nolint:gosec // its lower bits, as readers take them
	case protoreflect.Int64Kind:
		return func(data []byte) (int64, bool) { return int64(varint(data)), true } //nolint:gosec // its bits
	case protoreflect.Sint32Kind:
		return func(data []byte) (int64, bool) {
			return int64(int32(protowire.DecodeZigZag(varint(data) & math.MaxUint32))), true //nolint:gosec // its lower bits
		}
	case protoreflect.Sint64Kind:
		return func(data []byte) (int64, bool) { return protowire.DecodeZigZag(varint(data)), true }
	case protoreflect.Uint32Kind:
		return func(data []byte) (int64, bool) { return int64(uint32(varint(data))), true } //nolint:gosec // its lower bits
	case protoreflect.Uint64Kind:
		return func(data []byte) (int64, bool) { return unsigned(varint(data)) }
	case protoreflect.Sfixed32Kind:
		return func(data []byte) (int64, bool) { return int64(int32(fixed32(data))), true } //nolint:gosec // its bits
	case protoreflect.Fixed32Kind:
		return func(data []byte) (int64, bool) { return int64(fixed32(data)), true }
	case protoreflect.Sfixed64Kind:
		return func(data []byte) (int64, bool) { return int64(fixed64(data)), true } //nolint:gosec // its bits
	case protoreflect.Fixed64Kind:
		return func(data []byte) (int64, bool) { return unsigned(fixed64(data)) }
	}
	return nil
}

func (*target) protoWhole(of protoreflect.FieldDescriptor, put func([]byte, int64) []byte) form {
	read := protoInt(of)
	if read == nil {
		return nil
	}
	return func(_ *Forms, to, data []byte) ([]byte, error) {
		v, ok := read(data)
		if !ok {
			return digest.AppendInexact(to, strconv.FormatUint(uint64(v), 10)), nil //nolint:gosec // its bits
		}
		return put(to, v), nil
	}
}

func (*target) protoFloating(of protoreflect.FieldDescriptor) func([]byte) float64 {
	switch of.Kind() { //nolint:exhaustive // no other is a floating point number
	case protoreflect.FloatKind:
		return func(data []byte) float64 {
			if len(data) < 4 {
				return 0
			}
			return float64(math.Float32frombits(binary.LittleEndian.Uint32(data)))
		}
	case protoreflect.DoubleKind:
		return func(data []byte) float64 {
			if len(data) < 8 {
				return 0
			}
			return math.Float64frombits(binary.LittleEndian.Uint64(data))
		}
	}
	return nil
}

func (t *target) protoInstant(of protoreflect.FieldDescriptor) (form, *misfit) {
	if of.Kind() == protoreflect.StringKind {
		return func(_ *Forms, to, data []byte) ([]byte, error) { return t.instantText(to, string(data)) }, nil
	}
	read := protoInt(of)
	if read == nil || of.Kind() == protoreflect.EnumKind {
		return nil, t.not(protoName(of))
	}
	if t.Unit == "" {
		return nil, &misfit{"unit", fmt.Sprintf("the record has %s, of which nothing says what it counts", protoName(of)), "write unit: " + strings.Join(spec.Units(), ", unit: ")}
	}
	u := unitOf(t.Unit)
	return func(_ *Forms, to, data []byte) ([]byte, error) {
		v, ok := read(data)
		if !ok {
			return digest.AppendInexact(to, strconv.FormatUint(uint64(v), 10)), nil //nolint:gosec // its bits
		}
		return t.since(to, v, u, false)
	}, nil
}

func (t *target) protoText(of protoreflect.FieldDescriptor) (form, *misfit) {
	switch of.Kind() { //nolint:exhaustive // no other is text
	case protoreflect.StringKind:
		if t.as == spec.AsEnum {
			return func(_ *Forms, to, data []byte) ([]byte, error) { return appendText(to, t.stored(string(data))), nil }, nil
		}
		return func(_ *Forms, to, data []byte) ([]byte, error) { return appendText(to, data), nil }, nil
	case protoreflect.EnumKind:
		values := of.Enum().Values()
		known := make([]string, values.Len())
		for i := range known {
			known[i] = string(values.Get(i).Name())
		}
		if bad := t.symbols(known); bad != nil {
			return nil, bad
		}
		return func(_ *Forms, to, data []byte) ([]byte, error) {
			n := int32(varint(data)) //nolint:gosec // its lower bits, as readers take them
			if v := values.ByNumber(protoreflect.EnumNumber(n)); v != nil {
				return appendText(to, t.stored(string(v.Name()))), nil
			}
			return digest.AppendInexact(to, strconv.Itoa(int(n))), nil
		}, nil
	}
	return nil, t.not(protoName(of))
}
