package schema

import (
	"github.com/invopop/jsonschema"

	"github.com/k2-platform/faultline/spec"
)

// shapeTarget says that a target is one thing, or only watched, and what its
// fields take where that is more than a text.
func shapeTarget(defs jsonschema.Definitions) {
	d := defs["Target"]
	if d == nil {
		return
	}
	kinds := []string{"process", "container", "pod", "network", "topic", "registry", "table", "kafka_proxy", "link", "cluster", "directory", "members"}
	oneOfFields(d, kinds...)
	nothing := jsonschema.NewProperties()
	for _, k := range kinds {
		nothing.Set(k, jsonschema.FalseSchema)
	}
	d.OneOf = append(d.OneOf, &jsonschema.Schema{Required: []string{"health"}, Properties: nothing})
	d.Properties.Value("members").MinItems = new(uint64(1))
	defs["Registry"].Properties.Value("lower").Enum = []any{spec.LowerSubject, spec.LowerGlobal}
	oneOfFields(defs["Process"], "record", "pid_file", "match", "unit")
	oneOfFields(defs["Pod"], "name", "selector")
	ports := defs["Network"].Properties.Value("ports")
	ports.UniqueItems = true
	ports.Items.Minimum, ports.Items.Maximum = "1", "65535"
	defs["Network"].Properties.Value("sources").UniqueItems = true
	var both []*jsonschema.Schema
	for _, pair := range [][]string{{"namespace", "container"}, {"namespace", "pod"}, {"container", "pod"}} {
		both = append(both, &jsonschema.Schema{Required: pair})
	}
	defs["Network"].Not = &jsonschema.Schema{AnyOf: both}
	for _, field := range []string{"namespace", "container", "pod", "ports"} {
		defs["Network"].AnyOf = append(defs["Network"].AnyOf, &jsonschema.Schema{Required: []string{field}})
	}
}
