package confluent

import (
	"fmt"
	"strings"

	"github.com/twmb/avro"
)

// Type is one type of an Avro schema with its references followed, so that a
// value can be walked over without being decoded. Node says the details; what is
// below it, is here. A type that refers to itself is a ring.
//
// Source: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
type Type struct {
	Kind     Kind
	Node     *avro.SchemaNode
	Name     string  // of a named type, with its namespace
	Fields   []Field // of a record
	Items    *Type   // of an array, or a map
	Branches []*Type // of a union
	Size     int     // of a fixed
}

// Field is one field of a record.
type Field struct {
	Name string
	Of   *Type
}

// Kind is how a value of a type is encoded. Its zero value is not known.
type Kind int

// The kinds that Avro has.
const (
	Unknown Kind = iota
	Null
	Boolean
	Int
	Long
	Float
	Double
	Bytes
	String
	Fixed
	Enum
	Record
	Array
	Map
	Union
)

func kindOf(name string) Kind {
	switch name {
	case "null":
		return Null
	case "boolean":
		return Boolean
	case "int":
		return Int
	case "long":
		return Long
	case "float":
		return Float
	case "double":
		return Double
	case "bytes":
		return Bytes
	case "string":
		return String
	case "fixed":
		return Fixed
	case "enum":
		return Enum
	case "record", "error":
		return Record
	case "array":
		return Array
	case "map":
		return Map
	case "union":
		return Union
	}
	return Unknown
}

// compileAvro compiles a schema; what it refers to comes before it.
func compileAvro(text string, referred []reference) (*Type, error) {
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
	return typeNames{}.follow(s.Root(), ""), nil
}

// typeNames are the named types met so far.
type typeNames map[string]*Type

func (names typeNames) follow(n *avro.SchemaNode, namespace string) *Type {
	t := &Type{Kind: kindOf(n.Type), Node: n, Size: n.Size}
	switch n.Type {
	case "record", "error":
		t.Name, namespace = fullName(n), n.Namespace
		names[t.Name] = t // before its fields, which may refer to it
		for i := range n.Fields {
			f := &n.Fields[i]
			t.Fields = append(t.Fields, Field{f.Name, names.follow(&f.Type, namespace)})
		}
	case "enum", "fixed":
		t.Name = fullName(n)
		names[t.Name] = t
	case "array":
		t.Items = names.follow(n.Items, namespace)
	case "map":
		t.Items = names.follow(n.Values, namespace)
	case "union":
		for i := range n.Branches {
			t.Branches = append(t.Branches, names.follow(&n.Branches[i], namespace))
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
