package mapping

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// protoJSON stores lists and maps of simple values as encoding/json writes
// them. The form gets the message that they are in: their elements stand
// anywhere in it.
func (t *target) protoJSON(of protoreflect.FieldDescriptor) (form, *misfit) {
	if t.as == "" { // of a table that is not known
		return nil, nil
	}
	if t.as != spec.AsJSONText {
		return nil, &misfit{"type", fmt.Sprintf("the record has %s, and column %s is %s", protoName(of), t.column.Name, t.column.Type), "write type: json where its text is stored"}
	}
	element := of
	if of.IsMap() {
		element = of.MapValue()
	}
	if element.Message() != nil || element.Kind() == protoreflect.BytesKind {
		return nil, t.not(protoName(of))
	}
	in := of.ContainingMessage()
	return func(dst *Forms, to, data []byte) ([]byte, error) {
		own, err := ownBytes(dst.text[:0], data, of.Number())
		dst.text = own
		if err != nil {
			return nil, err
		}
		m := dynamicpb.NewMessage(in)
		if err := confluent.Decode(own, m); err != nil {
			return nil, err
		}
		var v any
		if of.IsMap() {
			v = plainMap(m.Get(of).Map(), element)
		} else {
			v = plainList(m.Get(of).List(), element)
		}
		text, err := json.Marshal(v)
		if err != nil {
			return digest.AppendInexact(to, own), nil //nolint:nilerr // a number that is none
		}
		return digest.AppendText(to, text), nil
	}, nil
}

// ownBytes collects all of a message that is of one field.
func ownBytes(to, data []byte, number protowire.Number) ([]byte, error) {
	for len(data) > 0 {
		n, kind, size := protowire.ConsumeTag(data)
		if size < 0 {
			return to, protoError(size)
		}
		value := protowire.ConsumeFieldValue(n, kind, data[size:])
		if value < 0 {
			return to, protoError(value)
		}
		if n == number {
			to = append(to, data[:size+value]...)
		}
		data = data[size+value:]
	}
	return to, nil
}

func plainList(l protoreflect.List, of protoreflect.FieldDescriptor) []any {
	out := make([]any, l.Len())
	for i := range out {
		out[i] = plainValue(l.Get(i), of)
	}
	return out
}

func plainMap(m protoreflect.Map, of protoreflect.FieldDescriptor) map[string]any {
	out := make(map[string]any, m.Len())
	m.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		out[k.String()] = plainValue(v, of)
		return true
	})
	return out
}

// plainValue is an enum's symbol, or its number where it has none.
func plainValue(v protoreflect.Value, of protoreflect.FieldDescriptor) any {
	if of.Kind() != protoreflect.EnumKind {
		return v.Interface()
	}
	if symbol := of.Enum().Values().ByNumber(v.Enum()); symbol != nil {
		return string(symbol.Name())
	}
	return int32(v.Enum())
}
