// Package schema describes what people and services write as JSON Schema
// (draft 2020-12): the experiment document, the platform file, the policy and
// the records of the commands topic. It is made from the Go types, so it says what the
// readers read; docs/schema holds the output for editors. It does no I/O.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/k2-platform/faultline/spec"
)

const base = "https://github.com/k2-platform/faultline/docs/schema/"

// Document is the schema of an experiment document, indented and the same at
// every call. Fields that the reader does not know are refused by it too.
func Document() []byte {
	s := reflector().Reflect(spec.Document{})
	shape(s.Definitions)
	name(s, "experiment.schema.json", "Faultline experiment")
	return write(s)
}

// Platform is the schema of a platform file.
func Platform() []byte {
	s := reflector().Reflect(spec.Platform{})
	shape(s.Definitions)
	name(s, "platform.schema.json", "Faultline platform")
	return write(s)
}

// Policy is the schema of a policy file.
func Policy() []byte {
	s := reflector().Reflect(spec.Policy{})
	shape(s.Definitions)
	name(s, "policy.schema.json", "Faultline policy")
	return write(s)
}

func reflector() *jsonschema.Reflector {
	r := &jsonschema.Reflector{
		Anonymous:     true,
		Mapper:        scalar,
		Namer:         definitionName,
		LookupComment: comment,
	}
	return r
}

// name puts the identity of the whole file at its top, and there the help
// that an editor shows for it.
func name(s *jsonschema.Schema, file, title string) {
	s.ID = jsonschema.ID(base + file)
	s.Title = title
	if s.Description == "" {
		s.Description = s.Definitions[refName(s.Ref)].Description
	}
}

// comment finds the help for a type, or for one of its fields.
func comment(t reflect.Type, goField string) string {
	e := help()[t.String()]
	if goField == "" {
		return e.about
	}
	f, ok := t.FieldByName(goField)
	if !ok {
		return ""
	}
	return e.fields[jsonName(f)].sentence()
}

func write(s *jsonschema.Schema) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		// The value is made here, from types alone: no input can cause this.
		panic(fmt.Sprintf("writing the schema %s: %v", s.ID, err))
	}
	return out.Bytes()
}
