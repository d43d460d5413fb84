//go:build e2e

package admin_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/schema"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

const (
	first  = `{"type":"record","name":"Trade","fields":[{"name":"price","type":"long"}]}`
	second = `{"type":"record","name":"Trade","fields":[{"name":"price","type":"long"},{"name":"note","type":"string","default":""}]}`
)

// subject makes a subject with two versions.
func subject(tb testing.TB, kind sr.SchemaType, versions ...string) (*sr.Client, spec.Target) {
	tb.Helper()
	on := spec.Target{Registry: &spec.Registry{URL: fromEnv(tb, "E2E_REGISTRY"), Subject: "admin-" + strings.ToLower(rand.Text()[:8])}}
	c, err := sr.NewClient(sr.URLs(on.Registry.URL), sr.HTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}))
	require.NoError(tb, err)
	for _, text := range versions {
		_, err := c.CreateSchema(tb.Context(), on.Registry.Subject, sr.Schema{Schema: text, Type: kind})
		require.NoError(tb, err)
	}
	return c, on
}

func TestSchemaDriver(t *testing.T) {
	as := func(string) spec.Target {
		_, on := subject(t, sr.TypeAvro, first, second)
		return on
	}
	for name, f := range map[string]spec.Fault{
		"incompatible": {Kind: "schema.incompatible", With: map[string]string{"keep_level": "true", "lower": "global"}},
		"deploy":       {Kind: "schema.deploy", With: map[string]string{"compatible": "true"}},
		"level":        {Kind: "schema.level", With: map[string]string{"level": "FULL"}},
	} {
		t.Run(name, func(t *testing.T) {
			faultstest.Run(t, faultstest.Suite{As: as, Fault: f, New: func() faults.Driver { return schema.Driver{Kind: f.Kind} }})
		})
	}
}

// state is what a registry says of a subject.
type state struct {
	latest   sr.SubjectSchema
	versions []int
	own      sr.CompatibilityResult
	global   sr.CompatibilityLevel
}

func stateOf(t *testing.T, c *sr.Client, subject string) (s state) {
	t.Helper()
	var err error
	s.latest, err = c.SchemaByVersion(t.Context(), subject, -1)
	require.NoError(t, err)
	s.versions, err = c.SubjectVersions(t.Context(), subject)
	require.NoError(t, err)
	s.own = c.Compatibility(t.Context(), subject)[0]
	s.own.Err = nil
	s.global = c.Compatibility(t.Context(), "")[0].Level
	return s
}

// incompatible lowers the global level: Apicurio knows no level NONE of a
// subject.
func incompatible(change string) spec.Fault {
	return spec.Fault{Kind: "schema.incompatible", With: map[string]string{"change": change, "lower": "global"}}
}

func TestASubjectsLevelIsNotNone(t *testing.T) {
	_, on := subject(t, sr.TypeAvro, first)
	for _, kind := range []string{"schema.incompatible", "schema.level"} {
		_, err := schema.Driver{Kind: kind}.Plan(t.Context(), spec.Fault{Kind: kind, Target: "r"}, on)
		require.ErrorIs(t, err, faults.ErrRefused)
		require.ErrorContains(t, err, "knows no level NONE of a subject")
	}
}

func TestARegistryIsAsItWas(t *testing.T) {
	for name, c := range map[string]struct {
		kind     sr.SchemaType
		versions []string
		fault    spec.Fault
		own      sr.CompatibilityLevel
	}{
		"Avro":               {sr.TypeAvro, []string{first, second}, incompatible("retype"), 0},
		"required":           {sr.TypeAvro, []string{first, second}, incompatible("add_required"), 0},
		"rename":             {sr.TypeAvro, []string{first}, incompatible("rename"), 0},
		"JSON Schema":        {sr.TypeJSON, []string{`{"type":"object","properties":{"price":{"type":"integer"}}}`}, incompatible("retype"), 0},
		"compatible":         {sr.TypeAvro, []string{first, second}, spec.Fault{Kind: "schema.deploy", With: map[string]string{"compatible": "true"}}, sr.CompatFullTransitive},
		"a given Protobuf":   {sr.TypeProtobuf, []string{"syntax = \"proto3\";\nmessage T { int64 price = 1; }"}, spec.Fault{Kind: "schema.deploy", With: map[string]string{"type": "PROTOBUF", "schema": "syntax = \"proto3\";\nmessage T { int64 price = 1; string note = 2; }"}}, 0},
		"level of the whole": {sr.TypeAvro, []string{first}, spec.Fault{Kind: "schema.level", With: map[string]string{"level": "FORWARD"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			client, on := subject(t, c.kind, c.versions...)
			if c.own != 0 {
				require.NoError(t, client.SetCompatibility(t.Context(), sr.SetCompatibility{Level: c.own}, on.Registry.Subject)[0].Err)
			}
			before := stateOf(t, client, on.Registry.Subject)
			target := on
			if name == "level of the whole" { // no other test runs beside
				target = spec.Target{Registry: &spec.Registry{URL: on.Registry.URL}}
			}
			d := schema.Driver{Kind: c.fault.Kind}
			c.fault.Target = "r"
			r, err := d.Plan(t.Context(), c.fault, target)
			require.NoError(t, err)
			r.ID, r.Expires = "exp/step", ledger.Boottime()+time.Minute
			require.NoError(t, d.Inject(t.Context(), r))
			during := stateOf(t, client, on.Registry.Subject)
			assert.NotEqual(t, before, during)
			require.NoError(t, d.Rollback(t.Context(), r))
			assert.Equal(t, before, stateOf(t, client, on.Registry.Subject))
			if during.latest.ID != before.latest.ID {
				_, err := client.SchemaByID(t.Context(), during.latest.ID)
				require.NoError(t, err, "records written with the version can still be read")
			}
		})
	}
}
