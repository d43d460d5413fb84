package schema

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/spec"
)

const base = `{"type":"record","name":"T","fields":[{"name":"at","type":"boolean","default":true},{"name":"n","type":["null","long"],"default":null},{"name":"big","type":"long","default":9007199254740993},{"name":"must","type":"bytes"}]}`

// TestDerivedVersions asks an Avro library what each change does to readers of
// the old and of the new version.
func TestDerivedVersions(t *testing.T) {
	was, err := avro.Parse(base)
	require.NoError(t, err)
	for change, want := range map[string]struct{ newReadsOld, oldReadsNew bool }{
		"retype": {false, false}, "add_required": {false, true}, "rename": {false, true}, "remove_field": {true, false}, optionalField: {true, true},
	} {
		next, err := derived(sr.Schema{Schema: base}, change, "m4rk")
		require.NoError(t, err, change)
		now, err := avro.Parse(next.Schema)
		require.NoError(t, err, change)
		assert.Equal(t, want.newReadsOld, avro.CheckCompatibility(was, now) == nil, "%s: backward", change)
		assert.Equal(t, want.oldReadsNew, avro.CheckCompatibility(now, was) == nil, "%s: forward", change)
		assert.Contains(t, next.Schema, `"faultline":"m4rk"`, "%s: it is known again", change)
		assert.Contains(t, next.Schema, "9007199254740993", "%s: no number is rounded", change)
	}
}

func TestDerivedJSONSchema(t *testing.T) {
	object := sr.Schema{Type: sr.TypeJSON, Schema: `{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"boolean"}},"required":["b"]}`}
	next, err := derived(object, "retype", "m")
	require.NoError(t, err)
	assert.JSONEq(t, `{"$comment":"faultline m","type":"object","properties":{"b":{"type":"string"},"a":{"type":"string"}},"required":["b"]}`, next.Schema)
	next, err = derived(object, "add_required", "m")
	require.NoError(t, err)
	assert.JSONEq(t, `{"$comment":"faultline m","type":"object","properties":{"b":{"type":"string"},"a":{"type":"boolean"},"faultline_m":{"type":"string"}},"required":["b","faultline_m"]}`, next.Schema)
}

func TestWhatNoVersionIsDerivedFrom(t *testing.T) {
	for name, c := range map[string]struct {
		s      sr.Schema
		change string
	}{
		"a bare type":            {sr.Schema{Schema: `"string"`}, "retype"},
		"an enum":                {sr.Schema{Schema: `{"type":"enum","name":"E","symbols":["A"]}`}, "retype"},
		"no field":               {sr.Schema{Schema: `{"type":"record","name":"R","fields":[]}`}, "retype"},
		"odd fields":             {sr.Schema{Schema: `{"type":"record","name":"R","fields":[1]}`}, "retype"},
		"all have defaults":      {sr.Schema{Schema: `{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":1}]}`}, "remove_field"},
		"references":             {sr.Schema{Schema: base, References: []sr.SchemaReference{{Name: "x"}}}, "retype"},
		"Protobuf":               {sr.Schema{Schema: `syntax = "proto3";`, Type: sr.TypeProtobuf}, "retype"},
		"JSON without fields":    {sr.Schema{Schema: `{"type":"string"}`, Type: sr.TypeJSON}, "retype"},
		"JSON, compatible":       {sr.Schema{Schema: `{"type":"object","properties":{"a":{}}}`, Type: sr.TypeJSON}, optionalField},
		"JSON, another's change": {sr.Schema{Schema: `{"type":"object","properties":{"a":{}}}`, Type: sr.TypeJSON}, "rename"},
	} {
		_, err := derived(c.s, c.change, "m")
		assert.Error(t, err, name)
	}
}

func TestTheDocumentSaysBeforeTheTargetWhoseLevelIsLowered(t *testing.T) {
	global := spec.Registry{Lower: spec.LowerGlobal}
	for name, c := range map[string]struct {
		with map[string]string
		on   spec.Registry
		want string
	}{
		"neither":      {nil, spec.Registry{}, ""},
		"the target":   {map[string]string{"change": "retype"}, global, "global"},
		"the document": {map[string]string{"lower": "subject"}, global, "subject"},
	} {
		t.Run(name, func(t *testing.T) {
			got := lowering(c.with, c.on)
			if got["lower"] != c.want || got["change"] != c.with["change"] {
				t.Errorf("got %v, want lower %q", got, c.want)
			}
		})
	}
}
