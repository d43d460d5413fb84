package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Vocabulary is what the rules of one experiment may speak of.
type Vocabulary struct {
	// Metrics are readable as m (the reading), baseline.m (the baseline's
	// mean) and baseline.m.mean, median, p95, p99, min, max, stddev and n.
	Metrics []string
	// Services are readable as healthy.<service>, true or false.
	Services []string
}

// Validate reports every name that a rule could not write, or that would mean
// two things.
func (v Vocabulary) Validate() error {
	var problems []error
	for _, m := range v.Metrics {
		problems = append(problems, checkName("metric", m))
	}
	for _, s := range v.Services {
		problems = append(problems, checkName("service", s))
	}
	seen := make(map[string]bool)
	for _, n := range v.names() {
		if seen[n] {
			problems = append(problems, fmt.Errorf("checking vocabulary: the name %s is declared twice", n))
		}
		seen[n] = true
	}
	return errors.Join(problems...)
}

// names are all variables that a rule may read, in the order of declaration.
func (v Vocabulary) names() []string {
	names := runVariables()
	for _, m := range v.Metrics {
		names = append(names, m, baselinePrefix+m)
		for _, s := range statistics() {
			names = append(names, baselinePrefix+m+"."+s)
		}
	}
	for _, s := range v.Services {
		names = append(names, healthyPrefix+s)
	}
	return names
}

const (
	baselinePrefix = "baseline."
	healthyPrefix  = "healthy."
)

// runVariables are about the run, not about one target. Times are seconds.
func runVariables() []string {
	return []string{"loss_fraction", "lost_acked", "elapsed", "since_injection", "since_rollback"}
}

func statistics() []string {
	return []string{"mean", "median", "p95", "p99", "min", "max", "stddev", "n"}
}

// reserved words are CEL's own: its grammar, and the type names that its
// standard library declares as variables.
func reserved() []string {
	return []string{
		"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if",
		"import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
		"bool", "bytes", "double", "int", "uint", "string", "list", "map", "type", "null_type", "dyn", "google",
		"baseline", "healthy",
	}
}

func checkName(what, name string) error {
	ok, err := regexp.MatchString(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`, name)
	if err != nil {
		return fmt.Errorf("checking %s name %q: %w", what, name, err)
	}
	if !ok {
		return fmt.Errorf("checking %s name %q: use letters, digits and _ only, as in query_latency_p95", what, name)
	}
	for part := range strings.SplitSeq(name, ".") {
		if slices.Contains(reserved(), part) {
			return fmt.Errorf("checking %s name %q: %s is a word of the rule language; choose another", what, name, part)
		}
	}
	return nil
}
