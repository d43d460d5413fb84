package spec

import "strings"

// Formats that records are written in.
const (
	FormatAvro     = "avro"
	FormatJSON     = "json"
	FormatProtobuf = "protobuf"
)

// Formats are all that a mapping may name.
func Formats() []string { return []string{FormatAvro, FormatJSON, FormatProtobuf} }

// What a mapped field may be compared as.
const (
	AsBool     = "bool"
	AsInt      = "int"
	AsDouble   = "double"
	AsDecimal  = "decimal"
	AsInstant  = "instant"
	AsText     = "text"
	AsEnum     = "enum"  // a symbol, by its name
	AsBytes    = "bytes" // no text
	AsJSONText = "json"  // a list, a map or a record, as text
)

// MappedTypes are all that a mapped field may name.
func MappedTypes() []string {
	return []string{AsBool, AsInt, AsDouble, AsDecimal, AsInstant, AsText, AsEnum, AsBytes, AsJSONText}
}

// Units of a number that is an instant, since 1970 in UTC.
const (
	UnitSeconds = "seconds"
	UnitMillis  = "millis"
	UnitMicros  = "micros"
	UnitNanos   = "nanos"
)

// Units are all that a mapped field may name.
func Units() []string { return []string{UnitSeconds, UnitMillis, UnitMicros, UnitNanos} }

// Mapping says which field of a record becomes which column of a table, so that
// the one can be held against the other.
type Mapping struct {
	// Format is avro or protobuf, both in Confluent's framing, or json, with that
	// framing or without.
	Format string `yaml:"format" json:"format"`
	// Registry is the URL of the registry, Confluent's or one that speaks like it;
	// needed where the format has schemas.
	Registry string `yaml:"registry" json:"registry,omitempty"`
	// Subject has the schema that the mapping is checked against; "" = the topic's
	// name with -value. A record is read by the schema that it names itself.
	Subject string `yaml:"subject" json:"subject,omitempty"`
	// Key are the columns that tell one record from another.
	Key    []string      `yaml:"key" json:"key"`
	Fields []MappedField `yaml:"fields" json:"fields"`
	// Unmapped are columns of the table that are left out on purpose.
	Unmapped []string `yaml:"unmapped" json:"unmapped,omitempty"`
}

// SubjectOf is the subject of a topic's values.
func (m Mapping) SubjectOf(topic string) string {
	if m.Subject != "" {
		return m.Subject
	}
	return topic + "-value"
}

// Columns are those that fields are mapped to, in the order of the fields.
func (m Mapping) Columns() []string {
	out := make([]string, len(m.Fields))
	for i, f := range m.Fields {
		out[i] = f.ColumnName()
	}
	return out
}

// MappedField is one field and its column. What its value is, the column and
// the record's schema say; the rest is for where they do not.
type MappedField struct {
	// Field is its path in the record: names with dots between.
	Field string `yaml:"field" json:"field"`
	// Column of the table; "" = the field's own name, the last of its path.
	Column string `yaml:"column" json:"column,omitempty"`
	// Type is what the value is compared as; "" = what the column is.
	Type string `yaml:"type" json:"type,omitempty"`
	// Scale is that of a decimal's column. Written, it also says that no value has
	// more decimals, whatever the record's schema allows.
	Scale *int `yaml:"scale" json:"scale,omitempty"`
	// Unit of a number that is an instant, where its schema does not tell.
	Unit string `yaml:"unit" json:"unit,omitempty"`
	// Zone is where the clock hangs that an instant without a zone was read from:
	// of a text without one, or of a column without one ("" = UTC).
	Zone string `yaml:"zone" json:"zone,omitempty"`
	// Names are how an enum's symbols are stored; one that is not named is stored
	// as it is.
	Names map[string]string `yaml:"names" json:"names,omitempty"`
	// Optional is for a field that some records or their schemas lack: stored as null.
	Optional bool `yaml:"optional" json:"optional,omitempty"`
	// Default is what is stored instead for a field that they lack, as text.
	Default *string `yaml:"default" json:"default,omitempty"`
}

// ColumnName is the column of a field.
func (f MappedField) ColumnName() string {
	if f.Column != "" {
		return f.Column
	}
	return f.Field[strings.LastIndexByte(f.Field, '.')+1:]
}
