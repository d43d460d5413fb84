package rules_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/k2-platform/faultline/rules"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/spec"
)

func kinds() rules.FaultKinds {
	process := []spec.TargetKind{spec.ProcessKind}
	return rules.FaultKinds{"process.stop": process, "process.kill": process, "process.pause": process, "none": nil, "kafka.corrupt": {spec.ProxyKind},
		"memory.fill": process, "cpu.saturate": process, "schema.incompatible": {spec.RegistryKind}, "schema.deploy": {spec.RegistryKind},
		"network.partition": {spec.LinkKind}, "storage.corrupt": {spec.TableKind},
	}
}

func TestEveryExperimentThatWeShipIsAccepted(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "experiments", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no experiments found: %v", err)
	}
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		parsed, problems := spec.Parse(source)
		problems = append(problems, rules.Check(parsed, k2.Anywhere(), kinds())...)
		if problems.Err() != nil {
			t.Errorf("%v", problems.In(f))
		}
	}
}

func TestCheckRefusesWithPlaceAndHint(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "experiments", "kafka-broker-stop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ from, to, want string }{
		"typo in a metric":  {"rule: availability >= 0.95", "rule: avalability >= 0.95", "did you mean"},
		"unknown target":    {"target: kafka", "target: kafak", "did you mean kafka?"},
		"unknown fault":     {"kind: process.stop", "kind: process.stp", "did you mean process.stop?"},
		"unknown service":   {"api, ingestion", "apis, ingestion", "did you mean api?"},
		"unknown flow":      {"books: trades", "books: trade", "did you mean trades?"},
		"other environment": {"environment: development", "environment: staging", "run it where it belongs"},
		"constant rule":     {"rule: availability >= 0.95", "rule: 1 < 2", "always answers the same"},
		"impact that only the broken target could answer": {"rule: ingestion_rate < 0.5 * baseline.ingestion_rate", "rule: consumer_lag > 1000.0", "can only be answered by kafka"},
		"claim that only the broken target could answer":  {"rule: availability >= 0.95", "rule: brokers_present >= 1.0", "can only be answered by kafka"},
		"impact implies a trigger":                        {"rule: ingestion_rate < 0.5 * baseline.ingestion_rate", "rule: error_rate > 0.5", "warning: rollback_when"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			parsed, problems := spec.Parse([]byte(strings.Replace(string(source), c.from, c.to, 1)))
			if problems.Err() != nil {
				t.Fatal(problems)
			}
			got := rules.Check(parsed, k2.Anywhere(), kinds())
			if !strings.Contains(got.Error(), c.want) {
				t.Errorf("got %v, want %q in it", got, c.want)
			}
		})
	}
}

func TestAGroupAnswersWhileOneOfItsMembersIsWhole(t *testing.T) {
	source := "faultline: v1\ntitle: t\nsystem: s\nenvironment: development\nhypothesis: {claim: c, steady_state: [error_rate < 0.01], recovers_within: 1m}\n" +
		"expected_impact: {rule: brokers_present < 2.0}\nsteps:\n  - {id: a, fault: {kind: process.kill, target: kafka-1}}\n"
	platform := k2.Platform(k2.Addresses{Given: k2.Given{Brokers: []k2.Server{{Name: "kafka-1", Record: "1.json"}, {Name: "kafka-2", Record: "2.json"}}}})
	for text, want := range map[string]string{
		source: "",
		source + "  - {id: b, fault: {kind: process.kill, target: kafka-2}}\n": "can only be answered by kafka, which step b breaks",
	} {
		parsed, problems := spec.Parse([]byte(text))
		if problems.Err() != nil {
			t.Fatal(problems)
		}
		err := rules.Check(parsed, platform, kinds()).Err()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestACompileErrorPointsAtTheWord(t *testing.T) {
	source := []byte("faultline: v1\ntitle: t\nsystem: s\nenvironment: development\nhypothesis:\n  claim: c\n  steady_state:\n    - error_rate < eror_rate\n" +
		"  recovers_within: 1m\nsteps:\n  - {id: a, fault: {kind: none, target: kafka}}\n")
	parsed, problems := spec.Parse(source)
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	for _, p := range rules.Check(parsed, k2.Anywhere(), kinds()) {
		if p.Severity == spec.Refusal {
			if p.Line != 8 || p.Column != 20 {
				t.Errorf("it points at %d:%d, the word stands at 8:20: %v", p.Line, p.Column, p)
			}
			return
		}
	}
	t.Error("the typo was accepted")
}
