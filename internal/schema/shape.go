package schema

import (
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/spec"
)

// shape adds to the definitions of the two documents what a Go type cannot
// say: which fields an author must write, closed sets of words, and the rule
// that may be plain text.
func shape(defs jsonschema.Definitions) {
	for name, fields := range required() {
		if d, ok := defs[name]; ok {
			d.Required = fields
		}
	}
	for path, list := range enums() {
		typeName, fieldName, _ := strings.Cut(path, ".")
		if d, ok := defs[typeName]; ok {
			d.Properties.Value(fieldName).Enum = list
		}
	}
	oneOfFields(defs["Health"], "http", "tcp", "kafka")
	oneOfFields(defs["Metric"], "scrape", "probe", "promql", "process", "kafka", "table")
	shapeTarget(defs)
	shapeRule(defs)
	shapeFault(defs["Fault"])
	shapeDocument(defs["Document"])
	shapePlatform(defs["Platform"])
	shapeMapping(defs)
	if d := defs["Policy"]; d != nil {
		d.Properties.Value("environments").PropertyNames = &jsonschema.Schema{Enum: words(spec.Environments()...)}
	}
	if d := defs["TimeWindow"]; d != nil {
		d.Properties.Value("days").Items.Enum = words(spec.Weekdays()...)
	}
}

// required says what an author must write. The JSON tags cannot: they say
// what Faultline writes.
func required() map[string][]string {
	return map[string][]string{
		"Document":          {"faultline", "title", "system", "environment", "hypothesis", "steps"},
		"Hypothesis":        {"steady_state", "recovers_within"},
		"Loss":              nil,
		"Impact":            {"rule"},
		"Rule":              {"rule"},
		"Step":              {"id", "fault"},
		"Fault":             {"kind", "target"},
		"Profile":           nil,
		"Platform":          {"faultline_platform", "environment"},
		"Container":         {"name"},
		"Pod":               {"namespace"},
		"Network":           nil,
		"Topic":             {"name"},
		"Registry":          {"url"},
		"Table":             {"namespace", "name"},
		"Catalog":           {"kind"},
		"KafkaProxy":        {"control"},
		"Link":              {"control", "name"},
		"Metric":            {"needs"},
		"Mapping":           {"format", "key", "fields"},
		"MappedField":       {"field"},
		"Policy":            {"faultline_policy", "name"},
		"EnvironmentPolicy": nil,
		"Allowance":         nil,
		"RadiusLimits":      nil,
		"TimeWindow":        {"from", "to", "time_zone"},
		"DenyRule":          {"name", "rule", "why"},
	}
}

// enums are the closed sets of words of plain strings, by definition and
// field.
func enums() map[string][]any {
	return map[string][]any{
		"Document.faultline":            words("v1"),
		"Document.environment":          words(spec.Environments()...),
		"Document.blast_radius":         words(spec.Radii()...),
		"Policy.faultline_policy":       words("v1"),
		"EnvironmentPolicy.start_small": words(spec.StartSmallRequire, spec.StartSmallWarn),
		"EnvironmentPolicy.last_broker": words(spec.LastBrokerDeny, spec.LastBrokerAllow),
		"Platform.faultline_platform":   words("v1"),
		"Platform.environment":          words(spec.Environments()...),
		"Fault.kind":                    words(drivers.Names()...),
		"Catalog.kind":                  words(spec.SQLCatalog, spec.RESTCatalog, spec.HadoopCatalog),
		"ProbeSource.measure": words("availability", "error_rate", "response_time",
			"latency_p50", "latency_p95", "latency_p99", "data_age", spec.MeasureShare),
		"Mapping.format":        words(spec.Formats()...),
		"MappedField.type":      words(spec.MappedTypes()...),
		"MappedField.unit":      words(spec.Units()...),
		"ProcessSource.measure": words("rss_bytes", "cpu_cores"),
		"KafkaSource.measure":   words("lag", "under_replicated", "brokers"),
		"TableSource.measure":   words("rows", "freshness", "snapshot_age"),
	}
}

func oneOfFields(d *jsonschema.Schema, names ...string) {
	if d == nil {
		return
	}
	for _, n := range names {
		d.OneOf = append(d.OneOf, &jsonschema.Schema{Required: []string{n}})
	}
}

// shapeRule lets a rule be plain text.
func shapeRule(defs jsonschema.Definitions) {
	object, ok := defs["Rule"]
	if !ok {
		return
	}
	defs["Rule"] = &jsonschema.Schema{
		Description: object.Description,
		OneOf:       []*jsonschema.Schema{{Type: "string", MinLength: new(uint64(1)), Description: "The CEL expression."}, object},
	}
}

// shapeFault says which parameters each kind takes. Values may be written
// without quotes, so numbers and truth values are texts too.
func shapeFault(d *jsonschema.Schema) {
	if d == nil {
		return
	}
	d.Properties.Value("with").AdditionalProperties = text()
	for _, k := range drivers.Kinds() {
		kind := jsonschema.NewProperties()
		kind.Set("kind", &jsonschema.Schema{Const: k.Name})
		with := jsonschema.NewProperties()
		with.Set("with", parameters(k))
		d.AllOf = append(d.AllOf, &jsonschema.Schema{
			If:   &jsonschema.Schema{Properties: kind},
			Then: &jsonschema.Schema{Properties: with},
		})
	}
}

func parameters(k faults.Kind) *jsonschema.Schema {
	list := jsonschema.NewProperties()
	for _, p := range k.Parameters {
		s := text()
		s.Description = p.Summary
		if p.Default != "" {
			s.Default = p.Default
		}
		list.Set(p.Name, s)
	}
	return &jsonschema.Schema{Description: k.Summary, Properties: list, AdditionalProperties: jsonschema.FalseSchema}
}

func shapeDocument(d *jsonschema.Schema) {
	if d == nil {
		return
	}
	d.Properties.Value("steps").MinItems = new(uint64(1))
	d.Properties.Value("labels").AdditionalProperties = text()
}

func shapePlatform(d *jsonschema.Schema) {
	if d == nil {
		return
	}
	d.Properties.Value("metrics").PropertyNames = &jsonschema.Schema{Pattern: `^[a-z][a-z0-9_]{0,63}$`}
}

func shapeMapping(defs jsonschema.Definitions) {
	if d := defs["Mapping"]; d != nil {
		d.Properties.Value("key").MinItems = new(uint64(1))
		d.Properties.Value("fields").MinItems = new(uint64(1))
		defs["MappedField"].Properties.Value("default").AnyOf = text().AnyOf
		defs["MappedField"].Properties.Value("default").Type = ""
	}
}

// text is a value that is read as text however it is written.
func text() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
}

func refName(ref string) string { return strings.TrimPrefix(ref, "#/$defs/") }
