package schema_test

import (
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/schema"
	"github.com/k2-platform/faultline/spec"
)

func TestDriver(t *testing.T) {
	for name, f := range map[string]spec.Fault{
		"incompatible":             {Kind: "schema.incompatible"},
		"incompatible, level kept": {Kind: "schema.incompatible", With: map[string]string{"keep_level": "true", "change": "add_required"}},
		"deploy":                   {Kind: "schema.deploy", With: map[string]string{"compatible": "true"}},
		"level":                    {Kind: "schema.level", With: map[string]string{"level": "FULL"}},
	} {
		t.Run(name, func(t *testing.T) {
			faultstest.Run(t, faultstest.Suite{Fault: f, As: in(t), Lasts: true, New: func() faults.Driver { return schema.Driver{Kind: f.Kind} }})
		})
	}
}
