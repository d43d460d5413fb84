package schema

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/spec"
)

// node is the part of JSON Schema that the files of this package use.
type node struct {
	Ref           string           `json:"$ref"`
	Defs          map[string]*node `json:"$defs"`
	Type          string           `json:"type"`
	Description   string           `json:"description"`
	Properties    map[string]*node `json:"properties"`
	Additional    *node            `json:"additionalProperties"`
	PropertyNames *node            `json:"propertyNames"`
	Items         *node            `json:"items"`
	Required      []string         `json:"required"`
	Enum          []any            `json:"enum"`
	Const         any              `json:"const"`
	Pattern       string           `json:"pattern"`
	MinItems      int              `json:"minItems"`
	MinLength     int              `json:"minLength"`
	OneOf         []*node          `json:"oneOf"`
	AnyOf         []*node          `json:"anyOf"`
	AllOf         []*node          `json:"allOf"`
	Not           *node            `json:"not"`
	If            *node            `json:"if"`
	Then          *node            `json:"then"`
	never         bool
}

func (n *node) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true":
		return nil
	case "false":
		n.never = true
		return nil
	}
	type plain node
	return json.Unmarshal(data, (*plain)(n))
}

func read(t *testing.T, schema []byte) *node {
	t.Helper()
	var n node
	require.NoError(t, json.Unmarshal(schema, &n))
	return &n
}

// problems walks a value along a schema and names each place that breaks it.
func (n *node) problems(root *node, at string, value any) []string {
	if n == nil {
		return nil
	}
	if n.never {
		return []string{at + ": not allowed"}
	}
	var out []string
	bad := func(format string, args ...any) { out = append(out, at+": "+fmt.Sprintf(format, args...)) }
	if n.Ref != "" {
		out = append(out, root.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")].problems(root, at, value)...)
	}
	if n.Type != "" && n.Type != typeOf(value) && (n.Type != "number" || typeOf(value) != "integer") {
		bad("is %s, not %s", typeOf(value), n.Type)
		return out
	}
	if n.Enum != nil && !slices.Contains(n.Enum, value) {
		bad("%v is not one of %v", value, n.Enum)
	}
	if n.Const != nil && n.Const != value {
		bad("%v is not %v", value, n.Const)
	}
	switch v := value.(type) {
	case string:
		if n.Pattern != "" && !regexp.MustCompile(n.Pattern).MatchString(v) || len(v) < n.MinLength {
			bad("%q does not match %s", v, n.Pattern)
		}
	case []any:
		if len(v) < n.MinItems {
			bad("is too short")
		}
		for i, item := range v {
			out = append(out, n.Items.problems(root, fmt.Sprintf("%s[%d]", at, i), item)...)
		}
	case map[string]any:
		out = append(out, n.fields(root, at, v)...)
	}
	for _, s := range n.AllOf {
		out = append(out, s.problems(root, at, value)...)
	}
	if n.Not != nil && len(n.Not.problems(root, at, value)) == 0 {
		bad("fits what it may not")
	}
	if n.If != nil && len(n.If.problems(root, at, value)) == 0 {
		out = append(out, n.Then.problems(root, at, value)...)
	}
	out = append(out, choices(root, at, value, n.OneOf, true)...)
	return append(out, choices(root, at, value, n.AnyOf, false)...)
}

func (n *node) fields(root *node, at string, v map[string]any) []string {
	var out []string
	for _, name := range n.Required {
		if _, ok := v[name]; !ok {
			out = append(out, at+": "+name+" is missing")
		}
	}
	for name, value := range v {
		out = append(out, n.PropertyNames.problems(root, at+"."+name, name)...)
		p, known := n.Properties[name]
		if !known {
			p = n.Additional
		}
		out = append(out, p.problems(root, at+"."+name, value)...)
	}
	return out
}

func choices(root *node, at string, value any, list []*node, one bool) []string {
	if len(list) == 0 {
		return nil
	}
	var whys []string
	fit := 0
	for _, s := range list {
		if why := s.problems(root, at, value); len(why) == 0 {
			fit++
		} else {
			whys = append(whys, why...)
		}
	}
	if fit == 1 || fit > 1 && !one {
		return nil
	}
	return append(whys, fmt.Sprintf("%s: fits %d of %d choices", at, fit, len(list)))
}

func typeOf(value any) string {
	switch v := value.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case int:
		return "integer"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	}
	return fmt.Sprintf("%T", value)
}

func fromYAML(t *testing.T, source []byte) any {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal(source, &v))
	return v
}

func TestExperimentsFitTheSchema(t *testing.T) {
	files, err := filepath.Glob("../../experiments/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	root := read(t, Document())
	for _, f := range files {
		source, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.Empty(t, root.problems(root, filepath.Base(f), fromYAML(t, source)))
	}
}

func TestSandboxFitsThePlatformSchema(t *testing.T) {
	source, err := json.Marshal(k2.Platform(k2.Addresses{
		Kafka: "localhost:1", BrokerHealth: "localhost:2", Registry: "localhost:3", Store: "localhost:4",
		Ingest: "localhost:5", Sink: "localhost:6", Query: "localhost:7", Records: "/run",
	}))
	require.NoError(t, err)
	root := read(t, Platform())
	assert.Empty(t, root.problems(root, "platform", fromYAML(t, source)))
	_, problems := spec.ParsePlatform(source)
	assert.Empty(t, problems)
}

func TestATargetIsOneThingInTheSchemaToo(t *testing.T) {
	root := read(t, Platform())
	for target, fits := range map[string]bool{
		"{process: {record: r}, health: {tcp: h:1}}":                   true,
		"{process: {pid_file: r, command: [c]}}":                       true,
		"{container: {name: box}}":                                     true,
		"{pod: {namespace: n, name: p}}":                               true,
		"{pod: {namespace: n, selector: app=p}}":                       true,
		"{pod: {namespace: n}}":                                        false,
		"{pod: {name: p}}":                                             false,
		"{pod: {namespace: n, name: p, selector: app=p}}":              false,
		"{network: {pod: {namespace: n, name: p}}}":                    true,
		"{network: {namespace: /run/n, pod: {namespace: n, name: p}}}": false,
		"{network: {ports: [9092]}}":                                   true,
		"{network: {namespace: /run/netns/n}}":                         true,
		"{topic: {name: t}}":                                           true,
		"{registry: {url: http://r, subject: s}}":                      true,
		"{table: {namespace: n, name: t}}":                             true,
		"{kafka_proxy: {control: unix:///run/p.sock}}":                 true,
		"{cluster: {}}":                                                true,
		"{directory: {path: /var/lib/svc}}":                            true,
		"{members: [one]}":                                             true,
		"{health: {tcp: h:1}}":                                         true,
		"{title: t}":                                                   false,
		"{members: []}":                                                false,
		"{process: {record: r, pid_file: p}}":                          false,
		"{network: {}}":                                                false,
		"{topic: {name: t}, table: {namespace: n, name: t}}":           false,
		"{members: [one], container: {name: box}}":                     false,
		"{table: {name: t}}":                                           false,
		"{kafka_proxy: {token_file: t}}":                               false,
		"{cluster: {brokers: h}}":                                      false,
		"{kafka_proxy: {control: unix:///s}, topic: {name: t}}":        false,
	} {
		source := "faultline_platform: v1\nenvironment: test\nkafka: [h:1]\ntargets: {one: " + target + "}\n"
		_, problems := spec.ParsePlatform([]byte(source))
		assert.Equal(t, fits, problems.Err() == nil, "read %s: %v", target, problems)
		why := root.problems(root, "platform", fromYAML(t, []byte(source)))
		assert.Equal(t, fits, len(why) == 0, "%s: %v", target, why)
	}
}

func TestTheBuiltInPolicyFitsTheSchema(t *testing.T) {
	source, err := os.ReadFile("../../rules/blastradius/default.yaml")
	require.NoError(t, err)
	root := read(t, Policy())
	assert.Empty(t, root.problems(root, "policy", fromYAML(t, source)))
	broken := strings.Replace(string(source), "staging:", "stagin:", 1)
	assert.NotEmpty(t, root.problems(root, "policy", fromYAML(t, []byte(broken))))
}

const whole = `
faultline: v1
title: t
system: s
environment: test
labels: {ticket: 42}
hypothesis:
  steady_state: [error_rate < 0.01, {rule: availability > 0.9}]
  recovers_within: 1m30s
steps: [{id: a, fault: {kind: process.stop, target: kafka, with: {grace: 10s, escalate: true}}, for: 10s, after: []}]
metrics: {own: {unit: s, needs: kafka, promql: {url: u, query: q}}}
profiles: {demo: {for: {a: 5s}}}
`

// TestSchemaAndParserAgree changes one line of a whole document at a time:
// what an editor marks red must be what faultline check refuses.
func TestSchemaAndParserAgree(t *testing.T) {
	root := read(t, Document())
	_, problems := spec.Parse([]byte(whole))
	require.NoError(t, problems.Err())
	require.Empty(t, root.problems(root, "whole", fromYAML(t, []byte(whole))))
	for _, c := range []struct{ old, broken string }{
		{"faultline: v1", "faultline: v2"},
		{"title: t", "titel: t"},
		{"title: t\n", ""},
		{"environment: test", "environment: prodution"},
		{"environment: test", "environment: test\nblast_radius: severall"},
		{"environment: test\n", ""},
		{"recovers_within: 1m30s", "recovers_within: 90"},
		{"recovers_within: 1m30s", "recovers_within: -1s"},
		{"{rule: availability > 0.9}", "{rule: availability > 0.9, grace: 1s}"},
		{"steady_state: [error_rate < 0.01, {rule: availability > 0.9}]", "claim: c"},
		{"id: a", "id: A"},
		{"after: []", "before: []"},
		{"target: kafka, ", ""},
	} {
		t.Run(c.broken, func(t *testing.T) {
			require.Contains(t, whole, c.old)
			source := []byte(strings.Replace(whole, c.old, c.broken, 1))
			_, problems := spec.Parse(source)
			require.Error(t, problems.Err(), "the parser takes it")
			assert.NotEmpty(t, root.problems(root, "", fromYAML(t, source)), "the schema takes it")
		})
	}
}

// TestSchemaKnowsTheFaults refuses what only the agent could: kinds and
// parameters.
func TestSchemaKnowsTheFaults(t *testing.T) {
	root := read(t, Document())
	for _, c := range []struct{ old, broken string }{
		{"process.stop", "process.stopp"},
		{"grace: 10s", "grase: 10s"},
	} {
		source := strings.Replace(whole, c.old, c.broken, 1)
		assert.NotEmpty(t, root.problems(root, "", fromYAML(t, []byte(source))), c.broken)
	}
}

func TestDurationPattern(t *testing.T) {
	pattern := regexp.MustCompile(durationPattern)
	for _, text := range []string{"10s", "5m", "1m30s", "1.5h", ".5s", "1.s", "+3s", "0", "100ms", "3us", "3µs", "", "10", "s", "-1s", "1 s", "1d", "1m 30s", "1..5s", "."} {
		var d spec.Duration
		assert.Equal(t, d.UnmarshalText([]byte(text)) == nil, pattern.MatchString(text), "%q", text)
	}
}

func TestIDPattern(t *testing.T) {
	pattern := regexp.MustCompile(idPattern)
	for _, id := range []string{"a", "kafka-broker-kill.2026_01", strings.Repeat("a", 127), strings.Repeat("a", 128), "", "A", "-a", "a b", "é"} {
		assert.Equal(t, spec.CheckID(spec.ExperimentID(id)) == nil, pattern.MatchString(id), "%q", id)
	}
}
