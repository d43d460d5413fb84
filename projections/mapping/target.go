package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// target is a column with the field that it is made of.
type target struct {
	spec.MappedField
	at      string // its place in the mapping, such as fields[2]
	path    []string
	column  Column
	as      string  // one of spec.MappedTypes
	limit   natural // of a decimal: the first number with too many digits
	zone    *time.Location
	missing []byte // the form where schema or record lacks the field; nil: they must not
}

// failed says which field an error is about.
func (t *target) failed(err error) error { return fmt.Errorf("field %s: %w", t.Field, err) }

// misfit says what of a field is wrong, and where in it.
type misfit struct{ at, message, hint string }

func (m *misfit) Error() string { return m.message }

// place is that of a field in its mapping.
func place(i int) string { return "fields[" + strconv.Itoa(i) + "]" }

func (t *target) problem(m misfit) spec.Problem {
	path := t.at
	if m.at != "" {
		path += "." + m.at
	}
	return spec.Problem{Path: path, Message: m.message, Hint: m.hint}
}

// targetsOf holds the fields against the columns, in their order.
func targetsOf(m spec.Mapping, columns []Column) ([]*target, spec.Problems) {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	var out []*target
	var problems spec.Problems
	for i, f := range m.Fields {
		t := &target{MappedField: f, at: place(i), path: strings.Split(f.Field, ".")}
		found := slices.Index(names, f.ColumnName())
		if found < 0 {
			at := "column"
			if f.Column == "" {
				at = "field"
			}
			problems = append(problems, t.problem(misfit{at, fmt.Sprintf("the table has no column %q", f.ColumnName()), spec.DidYouMean(f.ColumnName(), names)}))
			continue
		}
		t.column = columns[found]
		if bad := t.resolve(); bad != nil {
			problems = append(problems, t.problem(*bad))
			continue
		}
		out = append(out, t)
	}
	return out, problems
}

// resolve says what the column makes of the field.
func (t *target) resolve() *misfit {
	usual := map[Kind]string{
		Bool: spec.AsBool, Int: spec.AsInt, Double: spec.AsDouble, Decimal: spec.AsDecimal,
		Instant: spec.AsInstant, Text: spec.AsText, Bytes: spec.AsBytes,
	}
	of := t.column.Type
	t.as = usual[of.Kind]
	switch {
	case t.as == "":
		return &misfit{"", fmt.Sprintf("column %s has a type that is not compared", t.column.Name), "leave the field out"}
	case of.Kind == Text && (t.Type == spec.AsEnum || t.Type == spec.AsJSONText):
		t.as = t.Type
	case of.Kind == Text && t.Type == "" && len(t.Names) > 0:
		t.as = spec.AsEnum
	case t.Type != "" && t.Type != t.as:
		return &misfit{"type", fmt.Sprintf("type %s does not fit column %s, which is %s", t.Type, t.column.Name, of), "write type: " + t.as}
	}
	for _, only := range []struct {
		field, as string
		set       bool
	}{
		{"scale", spec.AsDecimal, t.Scale != nil},
		{"unit", spec.AsInstant, t.Unit != ""},
		{"zone", spec.AsInstant, t.Zone != ""},
		{"names", spec.AsEnum, len(t.Names) > 0},
	} {
		if only.set && t.as != only.as {
			return &misfit{only.field, fmt.Sprintf("is for type %s, and column %s is %s", only.as, t.column.Name, of), "remove it"}
		}
	}
	if t.Scale != nil && *t.Scale != of.Scale {
		return &misfit{"scale", fmt.Sprintf("scale %d is not that of column %s, which is %s", *t.Scale, t.column.Name, of), fmt.Sprintf("write scale: %d", of.Scale)}
	}
	t.limit, _ = pow10(of.Precision)
	if t.Zone != "" {
		zone, err := time.LoadLocation(t.Zone)
		if err != nil {
			return &misfit{"zone", fmt.Sprintf("time zone %q is not known", t.Zone), "write its IANA name, such as Australia/Sydney, or UTC"}
		}
		t.zone = zone
	}
	return t.resolveMissing()
}

// resolveMissing makes the form of what is stored where there is no field.
func (t *target) resolveMissing() *misfit {
	switch {
	case t.Optional:
		t.missing = digest.AppendNull(nil)
	case t.Default != nil:
		var err error
		if t.missing, err = t.written(nil, *t.Default); err != nil {
			return &misfit{"default", fmt.Sprintf("%q is no %s", *t.Default, t.as), "write what column " + t.column.Name + " holds then"}
		}
	}
	return nil
}

// written appends the form of a value that stands in a text.
func (t *target) written(to []byte, text string) ([]byte, error) {
	switch t.as {
	case spec.AsBool:
		v, err := strconv.ParseBool(text)
		if err != nil {
			return nil, ErrUnfit
		}
		return digest.AppendBool(to, v), nil
	case spec.AsInt:
		return t.intText(to, text)
	case spec.AsDouble:
		return t.doubleText(to, text)
	case spec.AsDecimal:
		return t.decimalText(to, text)
	case spec.AsInstant:
		return t.instantText(to, text)
	case spec.AsEnum:
		return appendText(to, t.stored(text)), nil
	case spec.AsText, spec.AsJSONText:
		return appendText(to, text), nil
	case spec.AsBytes:
		return digest.AppendBytes(to, text), nil
	}
	return nil, ErrUnfit
}

// stored is how an enum's symbol is stored.
func (t *target) stored(symbol string) string {
	if name, ok := t.Names[symbol]; ok {
		return name
	}
	return symbol
}
