package schema

import (
	"errors"
	"maps"
	"slices"
)

// jsonVersion changes an object of JSON Schema. A property more is not
// compatible wherever others are allowed, so that no compatible version is
// derived.
func jsonVersion(object map[string]any, change, mark string) error {
	properties, ok := object["properties"].(map[string]any)
	if !ok || len(properties) == 0 {
		return errors.New("the latest version is no object with properties; write schema.deploy with schema: TEXT")
	}
	name := slices.Min(slices.Collect(maps.Keys(properties)))
	needed, _ := object["required"].([]any)
	switch change {
	case "retype":
		was := any(nil)
		if p, ok := properties[name].(map[string]any); ok {
			was = p["type"]
		}
		properties[name] = map[string]any{"type": otherType(was, "boolean", "string")}
	case "add_required":
		properties["faultline_"+mark] = map[string]any{"type": "string"}
		object["required"] = append(needed, "faultline_"+mark)
	case "rename", "remove_field", optionalField:
		return errors.New("of JSON Schema a version is derived by change: retype or add_required; or write schema.deploy with schema: TEXT")
	}
	object["$comment"] = "faultline " + mark
	return nil
}
