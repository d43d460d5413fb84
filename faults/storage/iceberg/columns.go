package iceberg

import "encoding/json"

// Column is a column of a table.
type Column struct {
	Name string
	Type string // as the metadata writes it, such as decimal(18, 8); "" of what has columns or elements of its own
}

type schema struct {
	ID     int `json:"schema-id"`
	Fields []struct {
		Name string          `json:"name"`
		Type json.RawMessage `json:"type"`
	} `json:"fields"`
}

// Columns are those of the current schema, in its order; none where the
// metadata has no such schema.
func (m Metadata) Columns() []Column {
	current := m.Schema
	for i := range m.Schemas {
		if m.Schemas[i].ID == m.SchemaID {
			current = &m.Schemas[i]
		}
	}
	if current == nil {
		return nil
	}
	out := make([]Column, len(current.Fields))
	for i, f := range current.Fields {
		out[i].Name = f.Name
		if json.Unmarshal(f.Type, &out[i].Type) != nil {
			out[i].Type = "" // an object
		}
	}
	return out
}
