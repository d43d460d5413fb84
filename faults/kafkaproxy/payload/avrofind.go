package payload

import (
	"fmt"

	"github.com/k2-platform/faultline/internal/confluent"
)

// findAvro goes to the field that path names, and over it.
func findAvro(w *confluent.Walk, t *confluent.Type, path []string) (span, *confluent.Type, error) {
	if len(path) == 0 {
		from := w.At
		err := w.Skip(t)
		return span{from, w.At}, t, err
	}
	for t.Kind == confluent.Union {
		branch, err := w.Branch(t)
		if err != nil {
			return span{}, nil, err
		}
		t = branch
	}
	for _, f := range t.Fields {
		if f.Name == path[0] {
			s, of, err := findAvro(w, f.Of, path[1:])
			if err != nil {
				err = fmt.Errorf("%s: %w", f.Name, err)
			}
			return s, of, err
		}
		if err := w.Skip(f.Of); err != nil {
			return span{}, nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return span{}, nil, fmt.Errorf("%s: %w (looked in: %s)", path[0], errNoField, t.Node.Type)
}

// like says that each value of one type is a value of the other, encoded the same.
func like(t, o *confluent.Type) bool {
	if t == o {
		return true
	}
	a, b := t.Node, o.Node
	if a.Type != b.Type || t.Name != o.Name || a.LogicalType != b.LogicalType || a.Scale != b.Scale ||
		a.Precision != b.Precision || len(t.Branches) != len(o.Branches) {
		return false
	}
	if t.Items != nil && !like(t.Items, o.Items) {
		return false
	}
	for i := range t.Branches {
		if !like(t.Branches[i], o.Branches[i]) {
			return false
		}
	}
	return true
}
