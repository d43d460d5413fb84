package rules_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/k2-platform/faultline/rules"
)

func TestCompileExplains(t *testing.T) {
	cases := map[string]struct {
		rule         string
		line, column int
		hint         string
	}{
		"typo":               {"ingestion_rat > 1.0", 1, 1, "did you mean ingestion_rate?"},
		"typo in a baseline": {"1.0 < baseline.ingestion_rat", 1, 7, "did you mean baseline.ingestion_rate?"},
		"typo in statistic":  {"baseline.ingestion_rate.p59 > 1.0", 1, 1, "did you mean baseline.ingestion_rate.p95?"},
		"typo in a service":  {"healthy.kafak", 1, 1, "did you mean healthy.kafka?"},
		"second line":        {"error_rate < 0.2 &&\n  eror_rate < 0.1", 2, 3, "did you mean error_rate?"},
		"mixed numbers":      {"2 * query_latency_p95 < 1.0", 1, 3, "write 2.0 in place of 2"},
		"not a boolean":      {"error_rate + 1.0", 1, 1, "compare it"},
		"one equals sign":    {"error_rate = 0.2", 1, 12, "write =="},
		"empty":              {"", 1, 1, ""},
		"too long":           {strings.Repeat("true && ", 1000) + "true", 1, 1, ""},
		"too deep":           {strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300), 1, 1, ""},
		"nested loops":       {"[1,2].all(x, [1,2].all(y, [1].all(z, x == y)))", 1, 1, ""},
	}
	env := newEnv(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := env.Compile(c.rule)
			var ce *rules.CompileError
			if !errors.As(err, &ce) {
				t.Fatalf("Compile gives %v, want a *CompileError", err)
			}
			t.Log(err)
			if !strings.Contains(ce.Hint, c.hint) || ce.Message == "" {
				t.Errorf("hint %q, want %q; message %q", ce.Hint, c.hint, ce.Message)
			}
			if c.hint != "" && (ce.Line != c.line || ce.Column != c.column) {
				t.Errorf("at %d:%d, want %d:%d", ce.Line, ce.Column, c.line, c.column)
			}
		})
	}
}

func TestNames(t *testing.T) {
	r := compile(t, newEnv(t), "healthy.kafka && error_rate < baseline.error_rate.p99 && error_rate < 1.0 && elapsed > 1.0")
	want := []string{"baseline.error_rate.p99", "elapsed", "error_rate", "healthy.kafka"}
	if !slices.Equal(r.Names(), want) {
		t.Errorf("Names() = %v, want %v", r.Names(), want)
	}
}

func TestNewEnvRefusesBadNames(t *testing.T) {
	for _, v := range []rules.Vocabulary{
		{Metrics: []string{"a-b"}},
		{Metrics: []string{""}},
		{Metrics: []string{"in"}},
		{Metrics: []string{"double"}},
		{Metrics: []string{"m", "m"}},
		{Metrics: []string{"elapsed"}},
		{Metrics: []string{"baseline.m"}},
		{Services: []string{"schema-registry"}},
	} {
		if _, err := rules.NewEnv(v); err == nil {
			t.Errorf("NewEnv(%v) is accepted", v)
		}
	}
}

func TestAnswerText(t *testing.T) {
	for a, want := range map[rules.Answer]string{rules.Unknown: "unknown", rules.Holds: "holds", rules.Violated: "violated"} {
		text, err := a.MarshalText()
		if err != nil || string(text) != want {
			t.Errorf("MarshalText(%d) = %q, %v", a, text, err)
		}
		back := rules.Answer(-1)
		if err := back.UnmarshalText(text); err != nil || back != a {
			t.Errorf("UnmarshalText(%q) = %v, %v", text, back, err)
		}
	}
	a := rules.Holds
	if err := a.UnmarshalText([]byte("pass")); err == nil || a != rules.Unknown {
		t.Errorf("reading %q gives %v, %v; want unknown and an error", "pass", a, err)
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"error_rate > 0.2", "2 * error_rate < 1.0", "healthy.kafak", "é.x ==\n\"", "[1].all(x, x > error_rate)", "baseline.error_rate.mean / elapsed == 1.0", "'a'.matches('(')"} {
		f.Add(s)
	}
	env := newEnv(f)
	f.Fuzz(func(t *testing.T, expr string) {
		rule, err := env.Compile(expr)
		var ce *rules.CompileError
		if err != nil {
			if !errors.As(err, &ce) || ce.Line < 1 || ce.Column < 1 || ce.Message == "" {
				t.Fatalf("Compile(%q): %#v is no usable error", expr, err)
			}
			return
		}
		values := map[string]float64{}
		for _, n := range rule.Names() {
			values[n] = 1
		}
		some, err := rule.Eval(nil)
		all, errAll := rule.Eval(values)
		if err == nil && errAll == nil && some != rules.Unknown && some != all {
			t.Fatalf("%q: %v with nothing known, %v with ones", expr, some, all)
		}
	})
}
