package mapping

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// Check says what of a mapping does not fit the columns of the table and the
// schema of the topic, each with its place in the mapping, such as
// fields[2].scale. columns or schema may be nil where they are not known: then
// only the other is judged. A field that the schema lacks refuses the mapping,
// but only warns where it is optional or has a default: older schemas may lack
// it, the newest should not.
func Check(m spec.Mapping, columns []Column, schema *confluent.Schema) spec.Problems {
	targets, problems := supposed(m), spec.Problems(nil)
	if columns != nil {
		targets, problems = targetsOf(m, columns)
	}
	if schema == nil || m.Format == spec.FormatJSON {
		return problems
	}
	if err := usable(m.Format, schema); err != nil {
		return append(problems, spec.Problem{Path: "format", Message: err.Error(), Hint: "write the format of the topic's records"})
	}
	for _, named := range supposed(m) {
		t := named
		if i := slices.IndexFunc(targets, func(t *target) bool { return t.at == named.at }); i >= 0 {
			t = targets[i]
		} else {
			t.as = "" // its column is wrong, its name may be, too
		}
		bad := t.against(schema)
		if bad == nil {
			continue
		}
		p := t.problem(*bad)
		if bad.at == "field" && t.missing != nil {
			p.Severity = spec.Warning
		}
		problems = append(problems, p)
	}
	return problems
}

// against holds one field against a schema.
func (t *target) against(schema *confluent.Schema) *misfit {
	if schema.Avro != nil {
		err := (&avroNode{of: schema.Avro}).reach(t, 0, t.path)
		if bad, ok := err.(*misfit); ok { //nolint:errorlint // reach wraps nothing
			return bad
		}
		return nil
	}
	messages := schema.Proto.Messages()
	if messages.Len() == 0 {
		return &misfit{"", "the schema has no message", "register one with a message"}
	}
	return (&protoNode{of: first(messages)}).reach(t, 0, t.path)
}

// first is the message that a record is of, as long as its frame says no other.
func first(messages protoreflect.MessageDescriptors) protoreflect.MessageDescriptor {
	return messages.Get(0)
}

// usable says why records of a schema cannot be read.
func usable(format string, s *confluent.Schema) error {
	if s.Broken != nil {
		return fmt.Errorf("%w: schema %d does not compile: %w", ErrBrokenSchema, s.ID, s.Broken)
	}
	if format == spec.FormatAvro && s.Avro != nil || format == spec.FormatProtobuf && s.Proto != nil {
		return nil
	}
	return fmt.Errorf("%w: schema %d is %s, and the mapping is for %s", ErrBrokenSchema, s.ID, s.Kind, format)
}

// supposed are targets in a table that is not known: of fields that do not say
// what they are compared as, only the names are judged.
func supposed(m spec.Mapping) []*target {
	out := make([]*target, len(m.Fields))
	for i, f := range m.Fields {
		t := &target{MappedField: f, at: place(i), path: strings.Split(f.Field, "."), column: Column{Name: f.ColumnName()}, as: f.Type}
		switch {
		case f.Scale != nil:
			t.as = spec.AsDecimal
		case f.Unit != "" || f.Zone != "":
			t.as = spec.AsInstant
		case len(f.Names) > 0:
			t.as = spec.AsEnum
		}
		t.column.Type = map[string]ColumnType{
			spec.AsBool: {Kind: Bool}, spec.AsInt: {Kind: Int}, spec.AsDouble: {Kind: Double}, spec.AsBytes: {Kind: Bytes},
			spec.AsText: {Kind: Text}, spec.AsEnum: {Kind: Text}, spec.AsJSONText: {Kind: Text},
			spec.AsDecimal: {Kind: Decimal, Precision: mostDigits, Scale: mostDigits}, spec.AsInstant: {Kind: Instant},
		}[t.as]
		if f.Optional || f.Default != nil {
			t.missing = digest.AppendNull(nil)
		}
		out[i] = t
	}
	return out
}
