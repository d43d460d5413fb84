package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// mostDecimals is the largest scale of a decimal column.
const mostDecimals = 38

func (v *validator) books(p Platform) {
	for _, name := range slices.Sorted(maps.Keys(p.Books)) {
		b, m := p.Books[name], p.Books[name].Mapping
		if m != nil {
			v.mapping("books."+name+".mapping", *m)
		}
		if b.Moment != "" && (m == nil || !slices.Contains(m.Columns(), b.Moment)) {
			v.refuse("books."+name+".moment", fmt.Sprintf("%q is no column of the mapping", b.Moment), "name a column that a field with a time is mapped to")
		}
		if t := b.LetterTable; t != nil {
			v.required("books."+name+".letter_table.namespace", t.Namespace, "write namespace: market_data, that of the table of dead letters")
			v.required("books."+name+".letter_table.table", t.Table, "write table: silver_dlq_trades, the table of dead letters")
		}
		v.windows("books."+name, b)
	}
}

// mapping judges all that can be judged without a registry and a table.
func (v *validator) mapping(path string, m Mapping) {
	v.required(path+".format", m.Format, "write format: avro, json or protobuf")
	v.word(path+".format", m.Format, Formats()...)
	switch {
	case m.Registry != "":
		v.like(path+".registry", "registry", m.Registry, urlPattern, "its URL, such as http://127.0.0.1:8081, without a query")
	case m.Format == FormatAvro || m.Format == FormatProtobuf:
		v.refuse(path+".registry", fmt.Sprintf("is missing: nothing says where the schemas of %s are", m.Format), "write registry: http://127.0.0.1:8081")
	}
	if m.Subject != "" {
		v.like(path+".subject", "subject", m.Subject, subjectPattern, "one subject, such as trades-value")
	}
	if len(m.Fields) == 0 {
		v.refuse(path+".fields", "is missing", "write at least the fields of the key, such as - {field: trade_id}")
	}
	columns := map[string]bool{}
	for i, f := range m.Fields {
		at := indexed(path+".fields", i)
		v.mappedField(at, f)
		if c := f.ColumnName(); columns[c] {
			v.refuse(at, fmt.Sprintf("column %q has another field already", c), "remove one")
		}
		columns[f.ColumnName()] = true
	}
	if len(m.Key) == 0 {
		v.refuse(path+".key", "is missing", "write the columns that tell one record from another, such as key: [trade_id]")
	}
	for i, u := range m.Unmapped {
		if columns[u] {
			v.refuse(indexed(path+".unmapped", i), fmt.Sprintf("column %q has a field", u), "remove one of them")
		}
	}
	for i, k := range m.Key {
		switch at := indexed(path+".key", i); {
		case !columns[k]:
			v.refuse(at, fmt.Sprintf("no field is mapped to column %q", k), DidYouMean(k, m.Columns()))
		case slices.Contains(m.Key[:i], k):
			v.refuse(at, fmt.Sprintf("column %q stands twice", k), "remove one")
		}
	}
}

func (v *validator) mappedField(path string, f MappedField) {
	v.required(path+".field", f.Field, "write the field's path in the record, such as field: venue.code")
	if f.Field != "" && slices.Contains(strings.Split(f.Field, "."), "") {
		v.refuse(path+".field", fmt.Sprintf("field %q has an empty name", f.Field), "write names with dots between them")
	}
	v.word(path+".type", f.Type, MappedTypes()...)
	v.word(path+".unit", f.Unit, Units()...)
	v.zone(path+".zone", f.Zone)
	if s := f.Scale; s != nil && (*s < 0 || *s > mostDecimals) {
		v.refuse(path+".scale", fmt.Sprintf("%d is no scale", *s), fmt.Sprintf("write a number from 0 to %d", mostDecimals))
	}
	only := func(field, kind string, set bool) {
		if set && f.Type != "" && f.Type != kind {
			v.refuse(path+"."+field, fmt.Sprintf("is for type %s, and the type is %s", kind, f.Type), "remove one of them")
		}
	}
	only("scale", AsDecimal, f.Scale != nil)
	only("unit", AsInstant, f.Unit != "")
	only("zone", AsInstant, f.Zone != "")
	only("names", AsEnum, len(f.Names) > 0)
	if f.Optional && f.Default != nil {
		v.refuse(path+".optional", "a field that is lacking is stored as null, or as its default", "remove optional or default")
	}
}
