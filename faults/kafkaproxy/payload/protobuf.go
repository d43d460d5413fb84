package payload

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/k2-platform/faultline/internal/confluent"
)

// protoValue is a message that can be read. Each change is made on a copy;
// where it changes nothing, the bytes stay as they were, however they were
// written.
type protoValue struct {
	message *dynamicpb.Message
	body    []byte
}

func readProtobuf(value []byte, file protoreflect.FileDescriptor) (frame []byte, doc document, err error) {
	of, n, err := confluent.MessageAt(file, value[confluent.FrameSize:])
	if err != nil {
		return nil, nil, err
	}
	frame, body := value[:confluent.FrameSize+n], value[confluent.FrameSize+n:]
	m := dynamicpb.NewMessage(of)
	if err := confluent.Decode(body, m); err != nil {
		return nil, nil, fmt.Errorf("reading the Protobuf message %s: %w", of.FullName(), err)
	}
	return frame, protoValue{m, body}, nil
}

// protoSlot is a field of a message that is there.
type protoSlot struct {
	in    protoreflect.Message
	field protoreflect.FieldDescriptor
	name  string
}

func (v protoValue) find(m protoreflect.Message, path []string) (protoSlot, error) {
	for i, name := range path {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if f == nil {
			return protoSlot{}, fmt.Errorf("finding field %s: %w", strings.Join(path[:i+1], "."), errNoField)
		}
		if i == len(path)-1 {
			return protoSlot{m, f, strings.Join(path, ".")}, nil
		}
		if f.Message() == nil || f.IsList() || f.IsMap() || !m.Has(f) {
			return protoSlot{}, fmt.Errorf("finding field %s: %s is no message that is there", strings.Join(path, "."), name)
		}
		m = m.Mutable(f).Message()
	}
	return protoSlot{}, errNoField
}

// change makes a copy of the message, and gives its bytes where edit says that
// it changed.
func (v protoValue) change(edit func(protoreflect.Message) error) ([]byte, error) {
	m := proto.Clone(v.message)
	if err := edit(m.ProtoReflect()); err != nil {
		return nil, err
	}
	if proto.Equal(m, v.message) {
		return v.body, nil
	}
	out, err := proto.MarshalOptions{Deterministic: true, AllowPartial: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("writing the Protobuf message: %w", err)
	}
	return out, nil
}

func (v protoValue) swap(one, other []string) ([]byte, error) {
	return v.change(func(m protoreflect.Message) error {
		a, err := v.find(m, one)
		if err != nil {
			return err
		}
		b, err := v.find(m, other)
		if err != nil {
			return err
		}
		if o := a.field.ContainingOneof(); a.in == b.in && o != nil && !o.IsSynthetic() && o == b.field.ContainingOneof() {
			return fmt.Errorf("%s and %s cannot change places: only one of them can be there", a.name, b.name)
		}
		forA, err := b.fit(a.field)
		if err != nil {
			return fmt.Errorf("putting %s into %s: %w", b.name, a.name, err)
		}
		forB, err := a.fit(b.field)
		if err != nil {
			return fmt.Errorf("putting %s into %s: %w", a.name, b.name, err)
		}
		a.put(forA)
		b.put(forB)
		return nil
	})
}

// put sets the field, or clears it where v is not valid. Lists and maps belong
// to their field: their elements are put into new ones.
func (s protoSlot) put(v protoreflect.Value) {
	switch {
	case !v.IsValid():
		s.in.Clear(s.field)
		return
	case s.field.IsList():
		into := s.in.NewField(s.field)
		for i := range v.List().Len() {
			into.List().Append(v.List().Get(i))
		}
		v = into
	case s.field.IsMap():
		into := s.in.NewField(s.field)
		v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
			into.Map().Set(k, v)
			return true
		})
		v = into
	}
	s.in.Set(s.field, v)
}

// wrongType writes the field with another wire type. Readers, which tell fields
// by number and wire type, take it for an unknown one: the field is not there.
func (v protoValue) wrongType(field []string) ([]byte, error) {
	return v.change(func(m protoreflect.Message) error {
		s, err := v.find(m, field)
		if err != nil {
			return err
		}
		s.in.Clear(s.field)
		unknown := append(protoreflect.RawFields{}, s.in.GetUnknown()...)
		n := s.field.Number()
		//nolint:exhaustive // the others are varints, or fixed
		switch s.field.Kind() {
		case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
			unknown = protowire.AppendVarint(protowire.AppendTag(unknown, n, protowire.VarintType), 1)
		case protoreflect.GroupKind:
			return errors.New("groups have no wrong type")
		default:
			if s.field.IsList() { // packed or not, its elements are numbers: a fixed one is neither
				unknown = protowire.AppendFixed32(protowire.AppendTag(unknown, n, protowire.Fixed32Type), 1)
				break
			}
			unknown = protowire.AppendString(protowire.AppendTag(unknown, n, protowire.BytesType), "wrong type")
		}
		s.in.SetUnknown(unknown)
		return nil
	})
}

func (v protoValue) shift(field []string, by move) ([]byte, error) {
	return v.change(func(m protoreflect.Message) error {
		s, err := v.find(m, field)
		if err != nil {
			return err
		}
		if s.field.IsList() || s.field.IsMap() {
			return fmt.Errorf("moving field %s: it holds several values", s.name)
		}
		if err := s.shift(by); err != nil {
			return fmt.Errorf("moving field %s: %w", s.name, err)
		}
		return nil
	})
}

func (s protoSlot) shift(by move) error {
	//nolint:exhaustive // no other is a time
	switch s.field.Kind() {
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		moved, err := by.number(s.in.Get(s.field).Int(), "")
		if err == nil {
			s.in.Set(s.field, protoreflect.ValueOfInt64(moved))
		}
		return err
	case protoreflect.StringKind:
		moved, err := by.text(s.in.Get(s.field).String())
		if err == nil {
			s.in.Set(s.field, protoreflect.ValueOfString(moved))
		}
		return err
	case protoreflect.MessageKind:
		if s.field.Message().FullName() != "google.protobuf.Timestamp" || !s.in.Has(s.field) {
			return errors.New("it is no Timestamp that is there")
		}
		m := s.in.Mutable(s.field).Message()
		seconds, nanos := m.Descriptor().Fields().ByName("seconds"), m.Descriptor().Fields().ByName("nanos")
		at := time.Unix(m.Get(seconds).Int(), m.Get(nanos).Int()).Add(time.Duration(by))
		m.Set(seconds, protoreflect.ValueOfInt64(at.Unix()))
		m.Set(nanos, protoreflect.ValueOfInt32(int32(at.Nanosecond()))) //nolint:gosec // below 10^9
		return nil
	}
	return fmt.Errorf("%s is no time", s.field.Kind())
}

// add appends a string with a number above all that the schema knows or keeps
// free. Protobuf has no names in values.
func (v protoValue) add(name string) ([]byte, error) {
	of := v.message.Descriptor()
	highest := protowire.Number(0)
	for i := range of.Fields().Len() {
		highest = max(highest, of.Fields().Get(i).Number())
	}
	for i := range of.ReservedRanges().Len() {
		highest = max(highest, of.ReservedRanges().Get(i)[1]-1)
	}
	next := highest + 1
	if next >= protowire.FirstReservedNumber && next <= protowire.LastReservedNumber {
		next = protowire.LastReservedNumber + 1
	}
	if next > protowire.MaxValidNumber {
		return nil, errors.New("the schema leaves no number free above its own")
	}
	out := append([]byte{}, v.body...)
	return protowire.AppendString(protowire.AppendTag(out, next, protowire.BytesType), name), nil
}
