package payload

import (
	"fmt"
	"math"
	"math/big"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// fit gives what is in the slot as a value of another field: as it is where
// the types agree, else by what it means, so long as nothing is lost. An
// invalid value is that of a field that is not there.
func (s protoSlot) fit(to protoreflect.FieldDescriptor) (protoreflect.Value, error) {
	if s.field.HasPresence() && !s.in.Has(s.field) {
		return protoreflect.Value{}, nil
	}
	from := s.field
	if from.IsList() || from.IsMap() || to.IsList() || to.IsMap() || from.Message() != nil || to.Message() != nil {
		if !alike(from, to) {
			return protoreflect.Value{}, fmt.Errorf("%s can only change places with its own type", from.Kind())
		}
		if !s.in.Has(from) {
			return protoreflect.Value{}, nil
		}
		return s.in.Get(from), nil
	}
	if alike(from, to) {
		return s.in.Get(from), nil
	}
	value, err := s.scalar()
	if err != nil {
		return protoreflect.Value{}, err
	}
	return value.proto(to)
}

// alike says that a value of one field is a value of the other.
func alike(a, b protoreflect.FieldDescriptor) bool {
	return !a.IsMap() && !b.IsMap() && a.IsList() == b.IsList() && a.Kind() == b.Kind() &&
		(a.Enum() == nil || a.Enum().FullName() == b.Enum().FullName()) &&
		(a.Message() == nil || a.Message().FullName() == b.Message().FullName()) ||
		a.IsMap() && b.IsMap() && alike(a.MapKey(), b.MapKey()) && alike(a.MapValue(), b.MapValue())
}

func (s protoSlot) scalar() (scalar, error) {
	v := s.in.Get(s.field)
	switch s.field.Kind() {
	case protoreflect.BoolKind:
		return scalar{is: truth, truth: v.Bool()}, nil
	case protoreflect.EnumKind:
		symbol := s.field.Enum().Values().ByNumber(v.Enum())
		if symbol == nil {
			return scalar{}, fmt.Errorf("the enum has no symbol %d", v.Enum())
		}
		return scalar{is: text, text: string(symbol.Name())}, nil
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind,
		protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return scalar{is: number, number: new(big.Rat).SetInt64(v.Int())}, nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return scalar{is: number, number: new(big.Rat).SetUint64(v.Uint())}, nil
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return floating(v.Float())
	case protoreflect.StringKind:
		return scalar{is: text, text: v.String()}, nil
	case protoreflect.BytesKind:
		return scalar{is: blob, blob: v.Bytes()}, nil
	case protoreflect.MessageKind, protoreflect.GroupKind:
	}
	return scalar{}, fmt.Errorf("%s can only change places with its own type", s.field.Kind())
}

// proto gives v as a value of a simple field.
func (v scalar) proto(to protoreflect.FieldDescriptor) (protoreflect.Value, error) {
	var none protoreflect.Value
	switch kind := to.Kind(); kind {
	case protoreflect.BoolKind:
		if v.is == truth {
			return protoreflect.ValueOfBool(v.truth), nil
		}
	case protoreflect.EnumKind:
		if symbol := to.Enum().Values().ByName(protoreflect.Name(v.text)); v.is == text && symbol != nil {
			return protoreflect.ValueOfEnum(symbol.Number()), nil
		}
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		i, err := v.integer(32, 0)
		return protoreflect.ValueOfInt32(int32(i)), err //nolint:gosec // integer has checked it
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		i, err := v.integer(64, 0)
		return protoreflect.ValueOfInt64(i), err
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		r, err := v.rational()
		if err != nil {
			return none, err
		}
		short := kind == protoreflect.Uint32Kind || kind == protoreflect.Fixed32Kind
		if !r.IsInt() || !r.Num().IsUint64() || (short && r.Num().Uint64() > math.MaxUint32) {
			return none, fmt.Errorf("%s is no %s", r.FloatString(9), kind)
		}
		if short {
			return protoreflect.ValueOfUint32(uint32(r.Num().Uint64())), nil //nolint:gosec // just checked
		}
		return protoreflect.ValueOfUint64(r.Num().Uint64()), nil
	case protoreflect.FloatKind:
		f, err := v.float()
		return protoreflect.ValueOfFloat32(float32(f)), err
	case protoreflect.DoubleKind:
		f, err := v.float()
		return protoreflect.ValueOfFloat64(f), err
	case protoreflect.StringKind:
		t, err := v.string()
		return protoreflect.ValueOfString(t), err
	case protoreflect.BytesKind:
		if v.is == text {
			return protoreflect.ValueOfBytes([]byte(v.text)), nil
		}
	case protoreflect.MessageKind, protoreflect.GroupKind:
	}
	return none, v.misfit(to.Kind().String())
}
