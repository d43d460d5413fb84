package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/k2-platform/faultline/spec"
)

const good = `faultline: v1
title: Kafka broker stop
system: K2 ingestion
environment: development
hypothesis:
  claim: ingestion is back within a minute
  maintains: [availability >= 0.95]
  steady_state:
    - error_rate < 0.01
    - {name: keeps up, rule: ingestion_rate >= 0.9 * offered_rate}
  recovers_within: 60s
steps:
  - id: stop
    fault: {kind: process.stop, target: kafka}
    for: 20s
  - id: pause
    after: [stop]
    fault: {kind: process.pause, target: ingestion}
profiles:
  demo: {baseline: {duration: 20s, every: 1s}, for: {stop: 12s}}
`

func TestParse(t *testing.T) {
	p, problems := spec.Parse([]byte(good))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := p.Document.WithDefaults()
	if d.Baseline.Duration != spec.DefaultBaseline || d.Baseline.Every != spec.DefaultEvery || len(d.Triggers) != 3 {
		t.Errorf("the methodology's defaults are missing: %+v", d.Baseline)
	}
	if r := d.Hypothesis.SteadyState; r[0].Expr != "error_rate < 0.01" || r[1].Label() != "keeps up" {
		t.Errorf("rules read as %+v", r)
	}
	demo, err := d.WithProfile("demo")
	if err != nil || demo.Steps[0].For.String() != "12s" || d.Steps[0].For.String() != "20s" {
		t.Errorf("profile: %v, %v", demo.Steps, err)
	}
	if _, err := d.WithProfile("dmo"); err == nil || !strings.Contains(err.Error(), "did you mean demo?") {
		t.Errorf("got %v", err)
	}
	if at := p.At("hypothesis.steady_state[1].rule"); at.Line != 10 {
		t.Errorf("the second rule stands on line 10, not %d", at.Line)
	}
	want := "If we inject process.stop and process.pause into kafka and ingestion, then K2 ingestion will maintain availability >= 0.95 and recover within 60 s."
	if got := d.Sentence(); got != want {
		t.Errorf("got %q", got)
	}
}

func TestParseRefusesWithPlaceAndHint(t *testing.T) {
	cases := map[string]struct{ from, to, want string }{
		"typo":               {"title:", "titel:", "2:1: error: unknown field \"titel\"; did you mean title?"},
		"bad duration":       {"recovers_within: 60s", "recovers_within: 60", "11:20: error: hypothesis.recovers_within: duration \"60\""},
		"negative duration":  {"recovers_within: 60s", "recovers_within: -1s", "is negative"},
		"unknown place":      {"environment: development", "environment: prodution", "did you mean production?"},
		"unknown radius":     {"title:", "blast_radius: severall\ntitle:", "did you mean several?"},
		"no environment":     {"environment: development\n", "", "environment: is missing"},
		"unknown version":    {"faultline: v1", "faultline: v2", "write faultline: v1"},
		"list for a text":    {"title: Kafka broker stop", "title: [a]", "found a list where one value belongs"},
		"text for fields":    {"hypothesis:\n", "hypothesis: x\nmetrics:\n", "found the value"},
		"field twice":        {"title:", "title: a\ntitle:", "stands twice"},
		"step twice":         {"id: pause", "id: stop", "give each step an id of its own"},
		"waits for unknown":  {"after: [stop]", "after: [stp]", "did you mean stop?"},
		"waits for itself":   {"after: [stop]", "after: [pause]", "move it above"},
		"outlives the limit": {"for: 20s", "for: 20h", "max_fault_life"},
		"every too long":     {"steps:", "baseline: {duration: 20s, every: 30s}\nsteps:", "12:34: error: baseline.every: 30s is longer than baseline.duration, 20s"},
		"every by default":   {"steps:", "baseline: {duration: 5s}\nsteps:", "12:11: error: baseline.every: 10s, the default, is longer than baseline.duration, 5s"},
		"every too short":    {"steps:", "baseline: {duration: 20s, every: 100ms}\nsteps:", "12:34: error: baseline.every: 100ms is shorter than 500ms"},
		"every of a profile": {"every: 1s}, for", "every: 1m}, for", "20:43: error: profiles.demo.baseline.every: 1m0s is longer than profiles.demo.baseline.duration, 20s"},
		"broken YAML":        {"hypothesis:", "hypothesis: [", "reading YAML"},
		"no step":            {good[strings.Index(good, "steps:"):strings.Index(good, "profiles:")], "", "steps: is missing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, problems := spec.Parse([]byte(strings.Replace(good, c.from, c.to, 1)))
			err := problems.Err()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestParseRefusesBombs(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 12 {
		fmt.Fprintf(&bomb, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i+1, i+1, i, i, i, i, i, i, i, i)
	}
	for name, source := range map[string]string{
		"anchors": strings.ReplaceAll(bomb.String(), "a12:", "steps:"),
		"10 MB":   strings.Repeat("# long\n", 10<<20/7),
		"empty":   "",
		"deep":    "labels: " + strings.Repeat("[", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := spec.Parse([]byte(source)); problems.Err() == nil {
				t.Error("it was read")
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, source []byte) {
		p, problems := spec.Parse(source)
		if problems.Err() == nil && p.Document.WithDefaults().Sentence() == "" {
			t.Error("a document without a sentence was accepted")
		}
	})
}
