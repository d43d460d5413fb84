package confluent

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// mostReferred is how many schemas one may refer to, in all.
const mostReferred = 256

// Schema is one that was read. Of Avro and Proto one is set, by its kind; none
// where Broken says why it does not compile.
type Schema struct {
	ID     int
	Kind   sr.SchemaType
	Text   string
	Avro   *Type
	Proto  protoreflect.FileDescriptor
	Broken error
}

// Parse reads a schema that refers to no other.
func Parse(ctx context.Context, id int, kind sr.SchemaType, text string) *Schema {
	return compile(ctx, id, sr.Schema{Type: kind, Schema: text}, nil)
}

// whole reads what a schema refers to, and compiles it.
func whole(ctx context.Context, cl *sr.Client, id int, from sr.Schema) (*Schema, error) {
	referred, err := references(ctx, cl, from)
	if err != nil {
		return nil, err
	}
	return compile(ctx, id, from, referred), nil
}

func compile(ctx context.Context, id int, from sr.Schema, referred []reference) *Schema {
	s := &Schema{ID: id, Kind: from.Type, Text: from.Schema}
	switch from.Type {
	case sr.TypeAvro:
		s.Avro, s.Broken = compileAvro(from.Schema, referred)
	case sr.TypeProtobuf:
		s.Proto, s.Broken = compileProtobuf(ctx, from.Schema, referred)
	case sr.TypeJSON:
	}
	return s
}

// reference is a schema that another refers to by name.
type reference struct{ name, text string }

// references reads all that s refers to, each behind what it refers to itself.
func references(ctx context.Context, cl *sr.Client, s sr.Schema) ([]reference, error) {
	var all []reference
	seen := map[string]bool{}
	var visit func(sr.Schema) error
	visit = func(s sr.Schema) error {
		for _, ref := range s.References {
			if seen[ref.Name] {
				continue
			}
			if seen[ref.Name] = true; len(seen) > mostReferred {
				return fmt.Errorf("it refers to more than %d others", mostReferred)
			}
			other, err := cl.SchemaByVersion(ctx, ref.Subject, ref.Version)
			if err != nil {
				return fmt.Errorf("reading what it calls %s, version %d of %s: %w", ref.Name, ref.Version, ref.Subject, err)
			}
			if err := visit(other.Schema); err != nil {
				return err
			}
			all = append(all, reference{ref.Name, other.Schema.Schema})
		}
		return nil
	}
	return all, visit(s)
}
