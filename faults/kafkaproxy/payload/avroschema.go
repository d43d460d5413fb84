package payload

import (
	"fmt"
	"strings"

	"github.com/twmb/avro"
)

// avroSchema is a schema with its references followed, so that a value can be
// walked over without being decoded: what is not touched stays byte for byte,
// and maps keep their order.
//
// Source: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
type avroSchema struct{ root *avroType }

// avroType is one type. Its node says which; what is below it, is here.
type avroType struct {
	node     *avro.SchemaNode
	name     string      // of a named type, with its namespace
	fields   []avroField // of a record
	items    *avroType   // of an array, or a map
	branches []*avroType // of a union
}

type avroField struct {
	name string
	of   *avroType
}

// compileAvro compiles a schema; what it refers to comes before it.
func compileAvro(text string, referred []reference) (*avroSchema, error) {
	var cache avro.SchemaCache
	for _, r := range referred {
		if _, err := cache.Parse(r.text, avro.WithLaxNames(nil)); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	s, err := cache.Parse(text, avro.WithLaxNames(nil))
	if err != nil {
		return nil, err
	}
	return &avroSchema{avroNames{}.follow(s.Root(), "")}, nil
}

// avroNames are the named types met so far.
type avroNames map[string]*avroType

func (names avroNames) follow(n *avro.SchemaNode, namespace string) *avroType {
	t := &avroType{node: n}
	switch n.Type {
	case "record", "error":
		t.name, namespace = fullName(n), n.Namespace
		names[t.name] = t // before its fields, which may refer to it
		for i := range n.Fields {
			f := &n.Fields[i]
			t.fields = append(t.fields, avroField{f.Name, names.follow(&f.Type, namespace)})
		}
	case "enum", "fixed":
		t.name = fullName(n)
		names[t.name] = t
	case "array":
		t.items = names.follow(n.Items, namespace)
	case "map":
		t.items = names.follow(n.Values, namespace)
	case "union":
		for i := range n.Branches {
			t.branches = append(t.branches, names.follow(&n.Branches[i], namespace))
		}
	default:
		if known, ok := names[namespace+"."+n.Type]; ok {
			return known
		}
		if known, ok := names[n.Type]; ok {
			return known
		}
	}
	return t
}

func fullName(n *avro.SchemaNode) string {
	if n.Namespace == "" || strings.Contains(n.Name, ".") {
		return n.Name
	}
	return n.Namespace + "." + n.Name
}

// like says that each value of one type is a value of the other, encoded the same.
func (t *avroType) like(o *avroType) bool {
	if t == o {
		return true
	}
	a, b := t.node, o.node
	if a.Type != b.Type || t.name != o.name || a.LogicalType != b.LogicalType || a.Scale != b.Scale ||
		a.Precision != b.Precision || len(t.branches) != len(o.branches) {
		return false
	}
	if t.items != nil && !t.items.like(o.items) {
		return false
	}
	for i := range t.branches {
		if !t.branches[i].like(o.branches[i]) {
			return false
		}
	}
	return true
}
