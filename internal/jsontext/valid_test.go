package jsontext

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestValidJSONIsThatOfTheLibrary draws texts of which many are nearly JSON.
func TestValidJSONIsThatOfTheLibrary(t *testing.T) {
	parts := []string{
		"{", "}", "[", "]", ",", ":", `"`, `"a"`, `"a":1`, `\\`, `\"`, `\u00e9`, `\u00g0`, `\x`, "\x1f", "\x7f", "\xff", "é", "true", "false", "nul", "null",
		"0", "-", "-0", "01", "1.5", "1.", ".5", "1e5", "1E+", "1e-7", " ", "\t", "\n", `"a long text of which eight bytes are looked at"`, `"0123456\\"`, `"01234567"`,
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 12).Draw(t, "parts"), "")
		if got, want := Valid([]byte(text)), json.Valid([]byte(text)); got != want {
			t.Fatalf("%q is JSON: %v, want %v", text, got, want)
		}
	})
}

func TestHowDeepJSONMayBe(t *testing.T) {
	for _, n := range []int{deepestJSON, deepestJSON + 1} {
		text := []byte(strings.Repeat("[", n) + strings.Repeat("]", n))
		if got, want := Valid(text), json.Valid(text); got != want {
			t.Errorf("%d deep is JSON: %v, want %v", n, got, want)
		}
	}
}

func FuzzValidJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1.5e3,"\u00e9",null,{}]} `))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := Valid(text), json.Valid(text); got != want {
			t.Errorf("%q is JSON: %v, want %v", text, got, want)
		}
	})
}
