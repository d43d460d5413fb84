package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults"
)

// changes are the ways to an incompatible version.
func changes() []string { return []string{"retype", "add_required", "rename", "remove_field"} }

// optionalField is the change that makes a compatible version.
const optionalField = "optional_field"

// derive makes another version of the latest one. Where it cannot it is
// faults.ErrRefused.
func derive(latest sr.SubjectSchema, there bool, change string) (sr.Schema, error) {
	next, err := sr.Schema{}, errors.New("the subject has no version to derive one from; write schema.deploy with schema: TEXT")
	if there {
		next, err = derived(latest.Schema, change, mark())
	}
	if err != nil {
		return sr.Schema{}, fmt.Errorf("%w: deriving a version (%s): %w", faults.ErrRefused, change, err)
	}
	return next, nil
}

func derived(s sr.Schema, change, mark string) (sr.Schema, error) {
	if len(s.References) > 0 {
		return s, errors.New("the latest version refers to schemas of other subjects; write schema.deploy with schema: TEXT")
	}
	var all map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(s.Schema)))
	d.UseNumber() // a number stays as it is written
	if s.Type != sr.TypeProtobuf {
		if err := d.Decode(&all); err != nil {
			return s, fmt.Errorf("the latest version is no record: %w", err)
		}
	}
	var err error
	switch s.Type {
	case sr.TypeAvro:
		err = avroVersion(all, change, mark)
	case sr.TypeJSON:
		err = jsonVersion(all, change, mark)
	case sr.TypeProtobuf:
		err = fmt.Errorf("it is of type %s, and only versions of AVRO and JSON can be derived; write schema.deploy with schema: TEXT", s.Type)
	}
	if err != nil {
		return s, err
	}
	text, err := json.Marshal(all)
	return sr.Schema{Schema: string(text), Type: s.Type}, err
}

// avroVersion changes a record: https://avro.apache.org/docs/1.12.0/specification/#schema-resolution.
// Attributes that Avro does not know are kept and mean nothing.
func avroVersion(record map[string]any, change, mark string) error {
	fields, ok := record["fields"].([]any)
	if !ok || record["type"] != "record" || len(fields) == 0 {
		return errors.New("the latest version is no record with fields; write schema.deploy with schema: TEXT")
	}
	first, ok := fields[0].(map[string]any)
	if !ok {
		return errors.New("its first field is none")
	}
	switch change {
	case "retype": // to what nothing is promoted to
		first["type"] = otherType(first["type"], "boolean", "string")
		delete(first, "default")
	case "add_required":
		fields = append(fields, map[string]any{"name": "faultline_" + mark, "type": "string"})
	case "rename": // with no alias, and so with another field
		first["name"] = "faultline_" + mark
		delete(first, "default")
		delete(first, "aliases")
	case "remove_field":
		at := required(fields)
		if at < 0 {
			return errors.New("each of its fields has a default, so that none is missed; write change: retype")
		}
		fields = append(fields[:at:at], fields[at+1:]...)
	case optionalField:
		fields = append(fields, map[string]any{"name": "faultline_" + mark, "type": []any{"null", "string"}, "default": nil})
	}
	record["fields"], record["faultline"] = fields, mark
	return nil
}

// required is the first field that has no default; -1 is none.
func required(fields []any) int {
	for i, f := range fields {
		if field, ok := f.(map[string]any); ok {
			if _, defaulted := field["default"]; !defaulted {
				return i
			}
		}
	}
	return -1
}

func otherType(now any, one, other string) string {
	if now == one {
		return other
	}
	return one
}
