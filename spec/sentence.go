package spec

import (
	"fmt"
	"strings"
)

// Sentence says the experiment as the methodology does: If we inject … into
// …, then … will maintain … and recover within ….
func (d Document) Sentence() string {
	faults, targets := make([]string, 0, len(d.Steps)), make([]string, 0, len(d.Steps))
	for _, s := range d.Steps {
		faults = append(faults, s.Fault.Kind)
		targets = append(targets, string(s.Fault.Target))
	}
	rules := d.Hypothesis.Maintains
	if len(rules) == 0 {
		rules = d.Hypothesis.SteadyState
	}
	keeps := make([]string, len(rules))
	for i, r := range rules {
		keeps[i] = r.Label()
	}
	text := fmt.Sprintf("If we inject %s into %s, then %s will maintain %s and recover within %s",
		and(faults), and(targets), d.System, and(keeps), d.Hypothesis.RecoversWithin.Seconds())
	if l := d.Hypothesis.Tolerates; l != nil {
		text += fmt.Sprintf(", losing no more than %g %% of the records and %d acknowledged ones", l.Fraction*100, l.Acked)
	}
	return text + "."
}

func and(words []string) string {
	switch len(words) {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
