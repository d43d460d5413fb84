package mapping

import (
	"fmt"
	"regexp"
	"strconv"
)

// Column is one column of a table.
type Column struct {
	Name string
	Type ColumnType
}

// ColumnType is what a column holds. The zero value is a type whose values have
// no form, and which no field can be mapped to.
type ColumnType struct {
	Kind             Kind
	Short            bool // an int or a float of 32 bits
	Precision, Scale int  // of a decimal
	Zone             bool // an instant is a moment, not what some clock showed
}

// Kind is the kind of form that a column's values have.
type Kind int

// The kinds that have a form.
const (
	NoForm Kind = iota
	Bool
	Int
	Double
	Decimal
	Instant
	Text
	Bytes
)

// ParseType reads a type as the metadata of an Iceberg table writes it, such as
// decimal(18, 8). Of those that cannot be compared it makes the zero value.
//
// Source: https://iceberg.apache.org/spec/#schemas-and-data-types
func ParseType(written string) ColumnType {
	switch written {
	case "boolean":
		return ColumnType{Kind: Bool}
	case "int":
		return ColumnType{Kind: Int, Short: true}
	case "long":
		return ColumnType{Kind: Int}
	case "float":
		return ColumnType{Kind: Double, Short: true}
	case "double":
		return ColumnType{Kind: Double}
	case "timestamp":
		return ColumnType{Kind: Instant}
	case "timestamptz":
		return ColumnType{Kind: Instant, Zone: true}
	case "string":
		return ColumnType{Kind: Text}
	case "binary":
		return ColumnType{Kind: Bytes}
	}
	if regexp.MustCompile(`^fixed\[\d+\]$`).MatchString(written) {
		return ColumnType{Kind: Bytes}
	}
	m := regexp.MustCompile(`^decimal\((\d{1,2}), ?(\d{1,2})\)$`).FindStringSubmatch(written)
	if m == nil {
		return ColumnType{}
	}
	precision, perr := strconv.Atoi(m[1])
	scale, serr := strconv.Atoi(m[2])
	if perr != nil || serr != nil || precision < 1 || precision > mostDigits || scale > precision {
		return ColumnType{}
	}
	return ColumnType{Kind: Decimal, Precision: precision, Scale: scale}
}

// String writes the type as Iceberg does, but for bytes of a fixed number.
func (t ColumnType) String() string {
	long, short := "", ""
	switch t.Kind {
	case Bool:
		return "boolean"
	case Int:
		long, short = "long", "int"
	case Double:
		long, short = "double", "float"
	case Decimal:
		return fmt.Sprintf("decimal(%d, %d)", t.Precision, t.Scale)
	case Instant:
		if t.Zone {
			return "timestamptz"
		}
		return "timestamp"
	case Text:
		return "string"
	case Bytes:
		return "binary"
	case NoForm:
		return "a type that is not compared"
	}
	if t.Short {
		return short
	}
	return long
}
