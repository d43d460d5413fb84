package registry

import (
	"errors"
	"path/filepath"
	"testing"
)

func record(fields string) string {
	return `{"type":"record","name":"R","fields":[` + fields + `]}`
}

func TestTheLevelDecidesWhatMayFollow(t *testing.T) {
	a := record(`{"name":"a","type":"int"}`)
	withDefault := record(`{"name":"a","type":"int"},{"name":"b","type":"string","default":""}`)
	required := record(`{"name":"a","type":"int"},{"name":"b","type":"string"}`)
	wider := record(`{"name":"a","type":"long"}`)
	text := record(`{"name":"a","type":"string"}`)
	cases := map[string]struct {
		level, next string
		earlier     []string
		ok          bool
	}{
		"backward: a field with default comes":      {"BACKWARD", withDefault, []string{a}, true},
		"backward: a required field comes":          {"BACKWARD", required, []string{a}, false},
		"backward: a field goes":                    {"BACKWARD", a, []string{required}, true},
		"backward: int widens to long":              {"BACKWARD", wider, []string{a}, true},
		"backward: int becomes string":              {"BACKWARD", text, []string{a}, false},
		"backward looks at the last only":           {"BACKWARD", required, []string{a, withDefault}, true},
		"transitive looks at all":                   {"BACKWARD_TRANSITIVE", required, []string{a, withDefault}, false},
		"forward: a required field comes":           {"FORWARD", required, []string{a}, true},
		"forward: a required field goes":            {"FORWARD", a, []string{required}, false},
		"forward: int widens to long":               {"FORWARD", wider, []string{a}, false},
		"full: a field with default comes":          {"FULL", withDefault, []string{a}, true},
		"full: int widens to long":                  {"FULL", wider, []string{a}, false},
		"full transitive: required then optional":   {"FULL_TRANSITIVE", required, []string{a, withDefault}, false},
		"none: anything goes":                       {"NONE", text, []string{a}, true},
		"the first version has nothing to fit with": {"FULL", text, nil, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if err := incompatible(c.level, c.next, c.earlier); (err == nil) != c.ok {
				t.Errorf("%s: got %v, want ok=%v", c.level, err, c.ok)
			}
		})
	}
}

func TestRegisteredSchemasSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schemas.json")
	b, err := openBook(path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := b.register("s", record(`{"name":"a","type":"int"}`))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = openBook(path); err != nil {
		t.Fatal(err)
	}
	again, err := b.register("s", record(`{"name":"a", "type":"int"}`))
	if err != nil || again != first {
		t.Errorf("the same schema got id %d, %v; want %d", again, err, first)
	}
	var no *refusal
	if _, err = b.register("s", record(`{"name":"a","type":"string"}`)); !errors.As(err, &no) || no.status != 409 {
		t.Errorf("an incompatible schema: %v, want status 409", err)
	}
	if _, err = b.register("s", `{"type":"recor`); !errors.As(err, &no) || no.code != 42201 {
		t.Errorf("an invalid schema: %v, want code 42201", err)
	}
}
