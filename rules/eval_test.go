package rules_test

import (
	"fmt"
	"maps"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/rules"
)

func newEnv(tb testing.TB) *rules.Env {
	tb.Helper()
	env, err := rules.NewEnv(rules.Vocabulary{
		Metrics:  []string{"ingestion_rate", "offered_rate", "error_rate", "query_latency_p95"},
		Services: []string{"kafka", "api"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return env
}

func compile(tb testing.TB, env *rules.Env, expr string) rules.Rule {
	tb.Helper()
	r, err := env.Compile(expr)
	if err != nil {
		tb.Fatalf("Compile(%q): %v", expr, err)
	}
	return r
}

func TestEval(t *testing.T) {
	all := map[string]float64{
		"ingestion_rate": 180, "offered_rate": 200, "error_rate": 0.01, "query_latency_p95": 0.2,
		"baseline.ingestion_rate": 200, "baseline.ingestion_rate.p95": 220, "healthy.kafka": 1, "healthy.api": 0,
		"loss_fraction": 0, "since_injection": 3,
	}
	with := func(name string, v float64) map[string]float64 {
		m := maps.Clone(all)
		m[name] = v
		return m
	}
	without := func(name string) map[string]float64 {
		m := maps.Clone(all)
		delete(m, name)
		return m
	}
	cases := map[string]struct {
		rule   string
		values map[string]float64
		want   rules.Answer
	}{
		"true":                        {"ingestion_rate / offered_rate >= 0.9", all, rules.Holds},
		"false":                       {"error_rate > 0.2", all, rules.Violated},
		"whole number compares":       {"since_injection > 2", all, rules.Holds},
		"baseline statistic":          {"ingestion_rate < baseline.ingestion_rate.p95", all, rules.Holds},
		"healthy":                     {"healthy.kafka", all, rules.Holds},
		"unhealthy":                   {"healthy.api", all, rules.Violated},
		"nothing at all":              {"error_rate <= 0.2", nil, rules.Unknown},
		"missing is not zero":         {"error_rate <= 0.2", without("error_rate"), rules.Unknown},
		"missing baseline":            {"ingestion_rate > 0.5 * baseline.ingestion_rate", without("baseline.ingestion_rate"), rules.Unknown},
		"missing health":              {"!healthy.api", without("healthy.api"), rules.Unknown},
		"half a health":               {"healthy.kafka", with("healthy.kafka", 0.5), rules.Unknown},
		"NaN is absent":               {"error_rate != 1.0", with("error_rate", math.NaN()), rules.Unknown},
		"infinite is absent":          {"ingestion_rate > 1.0", with("ingestion_rate", math.Inf(1)), rules.Unknown},
		"settled by and":              {"error_rate > 0.2 && query_latency_p95 < 1.0", without("query_latency_p95"), rules.Violated},
		"settled by or":               {"query_latency_p95 > 5.0 || healthy.kafka", without("query_latency_p95"), rules.Holds},
		"not settled":                 {"query_latency_p95 < 5.0 && healthy.kafka", without("query_latency_p95"), rules.Unknown},
		"missing condition":           {"error_rate > 0.2 ? true : true", without("error_rate"), rules.Unknown},
		"division by zero":            {"ingestion_rate / offered_rate >= 0.9", with("offered_rate", 0), rules.Unknown},
		"negated division by zero":    {"!(ingestion_rate / offered_rate < 0.9)", with("offered_rate", 0), rules.Unknown},
		"zero by zero":                {"loss_fraction / loss_fraction != 1.0", all, rules.Unknown},
		"whole division by zero":      {"1 / (3 - 3) == 1 && healthy.kafka", all, rules.Unknown},
		"division by zero, partially": {"ingestion_rate / offered_rate > 0.9 && error_rate < 1.0", map[string]float64{"ingestion_rate": 1, "offered_rate": 0}, rules.Unknown},
		"overflow":                    {"ingestion_rate * 1e308 * 10.0 > 1.0", all, rules.Unknown},
		"list":                        {"[ingestion_rate, offered_rate].all(x, x > 100.0)", all, rules.Holds},
		"list with a hole":            {"[ingestion_rate, offered_rate].all(x, x > 100.0)", without("offered_rate"), rules.Unknown},
	}
	env := newEnv(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := compile(t, env, c.rule).Eval(c.values)
			if err != nil || got != c.want {
				t.Errorf("Eval(%q) = %v, %v; want %v", c.rule, got, err, c.want)
			}
		})
	}
}

func TestZeroRule(t *testing.T) {
	if a, err := (rules.Rule{}).Eval(nil); a != rules.Unknown || err == nil {
		t.Errorf("zero rule answers %v, %v; want unknown and an error", a, err)
	}
}

// An answer given with readings absent must be the answer for every value
// that the absent ones could have had.
func TestAnswerStandsWhateverIsMissing(t *testing.T) {
	env := newEnv(t)
	names := []string{"ingestion_rate", "offered_rate", "error_rate", "query_latency_p95"}
	number := rapid.SampledFrom([]float64{-1, 0, 0.5, 1, 2, 100})
	rapid.Check(t, func(t *rapid.T) {
		expr := drawRule(t, names, 3)
		rule, err := env.Compile(expr)
		if err != nil {
			t.Fatalf("Compile(%q): %v", expr, err)
		}
		full, partial := map[string]float64{}, map[string]float64{}
		for _, n := range names {
			full[n] = number.Draw(t, n)
			if rapid.Bool().Draw(t, "has "+n) {
				partial[n] = full[n]
			}
		}
		some, err := rule.Eval(partial)
		if err != nil {
			t.Fatal(err)
		}
		all, err := rule.Eval(full)
		if err != nil {
			t.Fatal(err)
		}
		if some != rules.Unknown && some != all {
			t.Fatalf("%q: %v with %v, but %v with %v", expr, some, partial, all, full)
		}
	})
}

// A rule that is one comparison needs each metric that it names.
func TestNeverHoldsWithoutANeededMetric(t *testing.T) {
	env := newEnv(t)
	names := []string{"ingestion_rate", "offered_rate", "error_rate"}
	rapid.Check(t, func(t *rapid.T) {
		rule, err := env.Compile(drawComparison(t, names))
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]float64{}
		for _, n := range names {
			values[n] = rapid.Float64Range(-10, 10).Draw(t, n)
		}
		gone := rapid.SampledFrom(rule.Names()).Draw(t, "gone")
		delete(values, gone)
		if got, err := rule.Eval(values); got != rules.Unknown || err != nil {
			t.Fatalf("%q without %s: %v, %v", rule.Source(), gone, got, err)
		}
	})
}

func drawComparison(t *rapid.T, names []string) string {
	name := rapid.SampledFrom(names)
	return fmt.Sprintf("%s %s %s %s 0.5", name.Draw(t, "left"), rapid.SampledFrom([]string{"+", "-", "*", "/"}).Draw(t, "sign"),
		name.Draw(t, "right"), rapid.SampledFrom([]string{"<", "<=", ">", ">=", "==", "!="}).Draw(t, "compare"))
}

func drawRule(t *rapid.T, names []string, depth int) string {
	kind := rapid.IntRange(0, 4).Draw(t, "kind")
	if depth == 0 || kind == 0 {
		return drawComparison(t, names)
	}
	a, b := drawRule(t, names, depth-1), drawRule(t, names, depth-1)
	switch kind {
	case 1:
		return fmt.Sprintf("(%s && %s)", a, b)
	case 2:
		return fmt.Sprintf("(%s || %s)", a, b)
	case 3:
		return fmt.Sprintf("!(%s)", a)
	}
	return fmt.Sprintf("(%s ? %s : %s)", drawComparison(t, names), a, b)
}

func BenchmarkEval(b *testing.B) {
	rule := compile(b, newEnv(b), "ingestion_rate / offered_rate >= 0.9 && error_rate < 0.2")
	cases := map[string]map[string]float64{
		"all":     {"ingestion_rate": 1, "offered_rate": 1, "error_rate": 0},
		"partial": {"ingestion_rate": 1, "offered_rate": 1},
	}
	for name, values := range cases {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rule.Eval(values); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
