package schema

import (
	"maps"
	"reflect"
	"strings"
)

// entry is the help for one type: what it is, and what each of its JSON
// fields means.
type entry struct {
	about  string
	fields fields
}

// fields are by JSON name.
type fields map[string]field

// field is what one value means, and its unit where it has one.
type field struct{ means, unit string }

func (f field) sentence() string {
	if f.unit == "" {
		return f.means
	}
	return f.means + " Unit: " + f.unit + "."
}

// help is by the type's name with its package, "spec.Document". Both the
// schemas and the tables of docs/WIRE.md are made of it.
func help() map[string]entry {
	all := map[string]entry{}
	for _, part := range []map[string]entry{documentHelp(), platformHelp(), commandHelp(), eventHelp(), radiusHelp(), truthHelp()} {
		maps.Copy(all, part)
	}
	return all
}

// jsonName is a field's name on the wire; empty where it is embedded.
func jsonName(f reflect.StructField) string {
	tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return tag
}
