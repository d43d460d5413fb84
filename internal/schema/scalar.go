package schema

import (
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// durationPattern is what spec.Duration takes.
const durationPattern = `^\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

// clockPattern is what spec.ClockTime takes.
const clockPattern = `^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$`

// idPattern is what spec.CheckID takes, and the same for the id of a step.
const idPattern = `^[a-z0-9][a-z0-9._-]{0,126}$`

// scalar maps the types that are one JSON value but not a plain one. nil
// leaves a type to the reflector.
func scalar(t reflect.Type) *jsonschema.Schema {
	if words := closed(t); words != nil {
		return &jsonschema.Schema{Type: "string", Enum: words}
	}
	switch t {
	case reflect.TypeFor[spec.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: durationPattern, Examples: []any{"10s", "5m", "1m30s"}}
	case reflect.TypeFor[spec.ClockTime]():
		return &jsonschema.Schema{Type: "string", Pattern: clockPattern, Examples: []any{"22:30"}}
	case reflect.TypeFor[spec.StepID]():
		return &jsonschema.Schema{Type: "string", Pattern: idPattern}
	}
	return nil
}

// closed lists the words that a type may be; nil where it is open.
func closed(t reflect.Type) []any {
	switch t {
	case reflect.TypeFor[events.Answer]():
		return words(events.Unknown.String(), events.Holds.String(), events.Violated.String())
	case reflect.TypeFor[events.Verdict]():
		return words(events.Inconclusive.String(), events.Upheld.String(), events.Refuted.String())
	case reflect.TypeFor[events.Cause]():
		return words(events.Causes()...)
	case reflect.TypeFor[events.Claim]():
		return words(events.ClaimImpact, events.ClaimMaintains, events.ClaimRecovery)
	case reflect.TypeFor[events.NoteKind]():
		return words(events.Finding, events.Improvement)
	}
	return nil
}

func words[T ~string](list ...T) []any {
	out := make([]any, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

// definitionName keeps the name of a command's Go type out of the schema: its
// wire name is what a publisher knows.
func definitionName(t reflect.Type) string {
	if t.Kind() == reflect.Struct && t.Implements(reflect.TypeFor[commands.Command]()) {
		if c, ok := reflect.TypeAssert[commands.Command](reflect.Zero(t)); ok {
			return commands.TypeOf(c)
		}
	}
	return t.Name()
}
