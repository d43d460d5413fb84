package mapping

import (
	"fmt"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// protoPlans are how the messages of a file are read: the frame says which one
// a record is.
type protoPlans struct {
	targets []*target
	file    protoreflect.FileDescriptor

	mu sync.Mutex
	of map[string]*protoPlan
}

// protoPlan is how one message is read, or why it cannot be.
type protoPlan struct {
	root   protoNode
	absent [][]byte
	err    error
}

// protoNode is a message on the way to what is mapped.
type protoNode struct {
	of     protoreflect.MessageDescriptor
	fields []protoField
	wholes []take // that need the message itself
	zeros  []take // of fields that are there even where no byte says so
}

// protoField is a field by its number. Fields that are not there are passed over.
type protoField struct {
	of     protoreflect.FieldDescriptor
	takes  []take
	node   *protoNode // of a message that is entered
	clears []int      // slots of its siblings, of which only one can be there
}

func (p *protoPlans) plan(of protoreflect.MessageDescriptor) *protoPlan {
	name := string(of.FullName())
	p.mu.Lock()
	defer p.mu.Unlock()
	plan, ok := p.of[name]
	if !ok {
		plan = planProto(p.targets, of)
		p.of[name] = plan
	}
	return plan
}

func planProto(targets []*target, of protoreflect.MessageDescriptor) *protoPlan {
	plan := &protoPlan{root: protoNode{of: of}, absent: make([][]byte, len(targets))}
	for i, t := range targets {
		if plan.absent[i] = t.missing; t.missing == nil {
			plan.absent[i] = digest.AppendNull(nil)
		}
		switch bad := plan.root.reach(t, i, t.path); {
		case bad == nil:
		case bad.at == "field" && t.missing != nil:
		case bad.at == "field":
			plan.err = t.failed(fmt.Errorf("%w: %w", ErrNoField, bad))
			return plan
		default:
			plan.err = t.failed(fmt.Errorf("%w: %w", ErrUnfit, bad))
			return plan
		}
	}
	return plan
}

// reach prepares the way to a field.
func (n *protoNode) reach(t *target, slot int, path []string) *misfit {
	of := n.of.Fields().ByName(protoreflect.Name(path[0]))
	if of == nil {
		names := make([]string, n.of.Fields().Len())
		for i := range names {
			names[i] = string(n.of.Fields().Get(i).Name())
		}
		return &misfit{"field", fmt.Sprintf("message %s has no field %q", n.of.FullName(), path[0]), spec.DidYouMean(path[0], names)}
	}
	n.clearBy(of, slot)
	if of.IsList() || of.IsMap() || len(path) == 1 {
		return n.take(t, slot, of, path)
	}
	if of.Kind() != protoreflect.MessageKind {
		return &misfit{"field", fmt.Sprintf("%s is no message: it has no field %q", path[0], path[1]), "name the field itself"}
	}
	f := n.field(of)
	if f.node == nil {
		f.node = &protoNode{of: of.Message()}
	}
	return f.node.reach(t, slot, path[1:])
}

func (n *protoNode) take(t *target, slot int, of protoreflect.FieldDescriptor, path []string) *misfit {
	switch {
	case len(path) > 1:
		return &misfit{"field", fmt.Sprintf("%s holds several values: it has no field %q", path[0], path[1]), "name the field itself"}
	case of.IsList() || of.IsMap():
		f, bad := t.protoJSON(of)
		if bad == nil {
			n.wholes = append(n.wholes, take{slot, f})
		}
		return bad
	}
	get, bad := t.proto(of)
	if bad != nil {
		return bad
	}
	f := n.field(of)
	f.takes = append(f.takes, take{slot, get})
	if !of.HasPresence() {
		n.zeros = append(n.zeros, take{slot, get})
	}
	return nil
}

func (n *protoNode) field(of protoreflect.FieldDescriptor) *protoField {
	for i := range n.fields {
		if n.fields[i].of == of {
			return &n.fields[i]
		}
	}
	n.fields = append(n.fields, protoField{of: of})
	return &n.fields[len(n.fields)-1]
}

// clearBy empties the slot where another one of the field's oneof comes.
func (n *protoNode) clearBy(of protoreflect.FieldDescriptor, slot int) {
	one := of.ContainingOneof()
	if one == nil || one.IsSynthetic() {
		return
	}
	for i := range one.Fields().Len() {
		if sibling := one.Fields().Get(i); sibling != of {
			f := n.field(sibling)
			f.clears = append(f.clears, slot)
		}
	}
}

// protobuf reads a value without its frame.
func (m *Mapping) protobuf(dst *Forms, p *plan, body []byte) error {
	of, n, err := confluent.MessageAt(p.proto.file, body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	plan := p.proto.plan(of)
	if plan.err != nil {
		return plan.err
	}
	if err := plan.root.walk(dst.slots, body, n, len(body)); err != nil {
		return err
	}
	return m.fill(dst, body, plan.absent)
}

// walk goes over a message. One that comes in parts is the parts one behind the
// other, of a field that comes twice the last one counts.
func (n *protoNode) walk(slots []slot, body []byte, from, to int) error {
	for _, z := range n.zeros {
		if slots[z.slot].form == nil {
			slots[z.slot] = slot{z.form, 0, 0}
		}
	}
	for _, w := range n.wholes {
		slots[w.slot] = slot{w.form, from, to}
	}
	for at := from; at < to; {
		number, kind, size := protowire.ConsumeTag(body[at:to])
		if size < 0 {
			return protoError(size)
		}
		at += size
		if size = protowire.ConsumeFieldValue(number, kind, body[at:to]); size < 0 {
			return protoError(size)
		}
		for i := range n.fields {
			if f := &n.fields[i]; f.of.Number() == number && wireOf(f.of) == kind {
				if err := f.meet(slots, body, at, at+size); err != nil {
					return err
				}
			}
		}
		at += size
	}
	return nil
}

func (f *protoField) meet(slots []slot, body []byte, from, to int) error {
	for _, s := range f.clears {
		slots[s] = slot{}
	}
	if wireOf(f.of) == protowire.BytesType {
		_, n := protowire.ConsumeVarint(body[from:to])
		from += n
	}
	for _, t := range f.takes {
		slots[t.slot] = slot{t.form, from, to}
	}
	if f.node != nil {
		return f.node.walk(slots, body, from, to)
	}
	return nil
}

// protoError says what a negative size means.
func protoError(size int) error {
	err := protowire.ParseError(size)
	if size == protoTruncated {
		return fmt.Errorf("%w: %w", ErrTruncated, err)
	}
	return fmt.Errorf("%w: %w", ErrForged, err)
}

// protoTruncated is the size that protowire gives where bytes are lacking.
const protoTruncated = -1

func wireOf(f protoreflect.FieldDescriptor) protowire.Type {
	switch f.Kind() {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	case protoreflect.BoolKind, protoreflect.EnumKind, protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Uint32Kind,
		protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Uint64Kind:
	}
	return protowire.VarintType
}
