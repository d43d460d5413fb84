package lake

import "context"

// NamedType is one column of a table with its type, as the table's metadata
// writes it, such as decimal(18, 8).
type NamedType struct{ Name, Type string }

// Columns lists the columns of a table as it is now: ErrNoTable when there is
// none.
func (l *Lake) Columns(ctx context.Context, namespace, name string) ([]NamedType, error) {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	var out []NamedType
	for _, f := range current.Schema().Fields() {
		out = append(out, NamedType{f.Name, f.Type.String()})
	}
	return out, nil
}
