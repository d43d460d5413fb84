package mapping

import (
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// avroNode is a type of the writer's schema on the way to what is mapped. What
// is neither entered nor taken is skipped.
type avroNode struct {
	of       *confluent.Type
	takes    []take
	fields   []avroNode // of a record that is entered
	branches []avroNode // of a union that is entered
	named    string     // as a field
}

// take puts a value into the slot of a column.
type take struct {
	slot int
	form form
}

// planAvro goes through the writer's schema once for each column. absent gets
// the form of what a record of the schema does not have.
func planAvro(targets []*target, root *confluent.Type, absent [][]byte) (*avroNode, error) {
	node := &avroNode{of: root}
	for i, t := range targets {
		absent[i] = digest.AppendNull(nil) // where it is in another branch of a union
		err := node.reach(t, i, t.path)
		var bad *misfit
		switch {
		case errors.As(err, &bad) && bad.at == "field" && t.missing != nil:
			absent[i] = t.missing
		case errors.As(err, &bad) && bad.at == "field":
			return nil, t.failed(fmt.Errorf("%w: %w", ErrNoField, err))
		case err != nil:
			return nil, t.failed(fmt.Errorf("%w: %w", ErrUnfit, err))
		}
	}
	return node, nil
}

// reach prepares the way to the field that is left of the path. The error is a
// misfit, at field where the schema lacks it.
func (n *avroNode) reach(t *target, slot int, path []string) error {
	switch n.of.Kind { //nolint:exhaustive // nothing else is entered
	case confluent.Union:
		return n.reachBranches(t, slot, path)
	case confluent.Record:
		if len(path) > 0 {
			return n.reachField(t, slot, path)
		}
	}
	if len(path) > 0 {
		return &misfit{"field", fmt.Sprintf("%s is no record: it has no field %q", n.label(), path[0]), "name the field itself"}
	}
	f, bad := t.avro(n.of)
	if bad != nil {
		return bad
	}
	n.takes = append(n.takes, take{slot, f})
	return nil
}

func (n *avroNode) label() string {
	switch {
	case n.named != "":
		return n.named
	case n.of.Name != "":
		return n.of.Name
	}
	return "the value"
}

func (n *avroNode) reachField(t *target, slot int, path []string) error {
	if n.fields == nil {
		n.fields = make([]avroNode, len(n.of.Fields))
		for i, f := range n.of.Fields {
			n.fields[i] = avroNode{of: f.Of, named: f.Name}
		}
	}
	names := make([]string, len(n.fields))
	for i := range n.fields {
		if n.fields[i].named == path[0] {
			return n.fields[i].reach(t, slot, path[1:])
		}
		names[i] = n.fields[i].named
	}
	return &misfit{"field", fmt.Sprintf("%s has no field %q", n.label(), path[0]), spec.DidYouMean(path[0], names)}
}

// reachBranches needs one branch that has the field; where another is there, the
// field is not.
func (n *avroNode) reachBranches(t *target, slot int, path []string) error {
	if n.branches == nil {
		n.branches = make([]avroNode, len(n.of.Branches))
		for i, b := range n.of.Branches {
			n.branches[i] = avroNode{of: b, named: n.named}
		}
	}
	var bad, last error
	reached := false
	for i := range n.branches {
		b := &n.branches[i]
		if b.of.Kind == confluent.Null {
			continue // what is not taken is null
		}
		err := b.reach(t, slot, path)
		if reached = reached || err == nil; err != nil {
			last = err
		}
		if err != nil && len(path) == 0 { // a value that is there, and that the column does not take
			b.takes = append(b.takes, take{slot, refuse})
			bad = err
		}
	}
	switch {
	case reached:
		return nil
	case bad != nil:
		return bad
	case last != nil:
		return last
	}
	return &misfit{"type", n.label() + " is never anything but null", "leave the field out"}
}

// refuse is the form of a branch that does not fit.
func refuse(*Forms, []byte, []byte) ([]byte, error) {
	return nil, unfit("it is of another branch of its union")
}

// avro reads a value without its frame.
func (m *Mapping) avro(dst *Forms, p *plan, body []byte) error {
	w := confluent.WalkOver(body)
	if err := p.avro.walk(&w, dst.slots, 0); err != nil {
		return err
	}
	if w.At < len(body) {
		return fmt.Errorf("%w: %d bytes are left over", ErrForged, len(body)-w.At)
	}
	return m.fill(dst, body, p.absent)
}

func (n *avroNode) walk(w *confluent.Walk, slots []slot, depth int) error {
	from := w.At
	var err error
	switch {
	case n.fields != nil:
		if err = w.Step(depth); err != nil {
			return err
		}
		for i := range n.fields {
			if err = n.fields[i].walk(w, slots, depth+1); err != nil {
				return fmt.Errorf("field %s: %w", n.fields[i].named, err)
			}
		}
	case n.branches != nil:
		var i int64
		if i, err = w.Long(); err != nil {
			return err
		}
		if i < 0 || i >= int64(len(n.branches)) {
			return fmt.Errorf("%w: its union has no branch %d", ErrForged, i)
		}
		err = n.branches[i].walk(w, slots, depth+1)
	default:
		err = w.Skip(n.of)
	}
	if err != nil {
		return err
	}
	for _, t := range n.takes {
		slots[t.slot] = slot{t.form, from, w.At}
	}
	return nil
}
