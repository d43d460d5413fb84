package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/spec"
)

// FaultKinds names the faults that this build knows, and the kinds of target
// that each can break. One that breaks none leaves a target of any kind alone.
type FaultKinds map[string][]spec.TargetKind

// Check judges a document against the platform that it is to run on: faults,
// targets, flows and every rule. A rule that is judged while the fault is in
// place and that only a broken target could answer is refused.
func Check(p spec.Parsed, platform spec.Platform, kinds FaultKinds) spec.Problems {
	c := documentCheck{parsed: p, doc: p.Document.WithDefaults(), platform: platform, kinds: kinds}
	c.places()
	env, err := NewEnv(c.vocabulary())
	if err != nil {
		c.refuse("metrics", err.Error(), "rename the metric")
		return c.problems
	}
	c.rules(env)
	return c.problems.Sorted()
}

type documentCheck struct {
	parsed   spec.Parsed
	doc      spec.Document
	platform spec.Platform
	kinds    FaultKinds
	problems spec.Problems
}

func (c *documentCheck) refuse(path, message, hint string) {
	c.problems = append(c.problems, spec.Problem{Position: c.parsed.At(path), Path: path, Message: message, Hint: hint})
}

func (c *documentCheck) warn(path, message, hint string) {
	c.refuse(path, message, hint)
	c.problems[len(c.problems)-1].Severity = spec.Warning
}

func (c *documentCheck) places() {
	if c.doc.Environment != c.platform.Environment {
		c.refuse("environment", fmt.Sprintf("the document is for %s, platform %s is %s", c.doc.Environment, c.platform.Name, c.platform.Environment), "run it where it belongs")
	}
	for i, s := range c.doc.Steps {
		path := fmt.Sprintf("steps[%d].fault", i)
		if _, ok := c.kinds[s.Fault.Kind]; !ok {
			c.refuse(path+".kind", fmt.Sprintf("fault %q is not known", s.Fault.Kind), spec.DidYouMean(s.Fault.Kind, slices.Collect(maps.Keys(c.kinds))))
		}
		known(c, path+".target", "target", s.Fault.Target, c.platform.Targets)
		c.breakable(path+".target", s.Fault)
	}
	c.radius()
	for i, s := range c.doc.Hypothesis.Healthy {
		known(c, fmt.Sprintf("hypothesis.healthy[%d]", i), "service", s, c.platform.Services)
	}
	if c.doc.Books != "" {
		known(c, "books", "flow", c.doc.Books, c.platform.Books)
	}
}

// radius refuses steps that reach farther than the document says.
func (c *documentCheck) radius() {
	if c.doc.BlastRadius != spec.Isolated {
		return
	}
	const remedy = "write blast_radius: several, or make it two experiments"
	var first spec.TargetName
	for i, s := range c.doc.Steps {
		if s.Fault.Kind == control {
			continue
		}
		path := fmt.Sprintf("steps[%d].fault.target", i)
		for _, t := range c.platform.Reach(s.Fault.Target) {
			if first == "" {
				first = t
			}
			if t != first {
				c.refuse(path, fmt.Sprintf("step %s reaches %s beside %s, and an isolated experiment has one target", s.ID, t, first), remedy)
				break
			}
		}
	}
	if n := spec.AtOnce(c.doc.Steps, func(s spec.Step) bool { return s.Fault.Kind != control }); n > 1 {
		c.refuse("steps", fmt.Sprintf("%d faults can be in place at once, and an isolated experiment has one", n), remedy+"; a step with a time is gone before those that come after it")
	}
}

// control is the kind of fault that leaves its target alone.
const control = "none"

// answering says whether a target still speaks for itself under a fault of a
// kind: one that is short of memory or processor time is there, and what it
// says then may be the very claim.
func answering(kind string) bool {
	family, _, _ := strings.Cut(kind, ".")
	return kind == control || slices.Contains([]string{"memory", "cpu", "time"}, family)
}

func known[K ~string, V any](c *documentCheck, path, what string, name K, all map[K]V) {
	if _, ok := all[name]; ok {
		return
	}
	names := make([]string, 0, len(all))
	for n := range all {
		names = append(names, string(n))
	}
	c.refuse(path, fmt.Sprintf("%s %q is not on platform %s", what, name, c.platform.Name), spec.DidYouMean(string(name), names))
}

func (c *documentCheck) vocabulary() Vocabulary {
	metrics := maps.Clone(c.platform.Metrics)
	maps.Copy(metrics, c.doc.Metrics)
	return Vocabulary{Metrics: slices.Sorted(maps.Keys(metrics)), Services: slices.Sorted(maps.Keys(c.platform.Services))}
}

func (c *documentCheck) rules(env *Env) {
	during := map[string]Rule{}
	for i, r := range c.doc.Hypothesis.SteadyState {
		c.compile(env, fmt.Sprintf("hypothesis.steady_state[%d]", i), r.Expr)
	}
	for i, r := range c.doc.Hypothesis.Maintains {
		path := fmt.Sprintf("hypothesis.maintains[%d]", i)
		during[path] = c.compile(env, path, r.Expr)
	}
	for i, r := range c.doc.Triggers {
		path := fmt.Sprintf("rollback_when[%d]", i)
		during[path] = c.compile(env, path, r.Expr)
	}
	if c.doc.Impact == nil {
		c.warn("", "no expected impact is declared", "write expected_impact, so that a fault that does nothing is noticed")
	} else {
		during["expected_impact.rule"] = c.compile(env, "expected_impact.rule", c.doc.Impact.Rule)
		c.impliedTriggers()
	}
	for _, path := range slices.Sorted(maps.Keys(during)) {
		c.answerable(path, during[path])
	}
}

func (c *documentCheck) compile(env *Env, path, expr string) Rule {
	r, err := env.Compile(expr)
	var ce *CompileError
	switch {
	case errors.As(err, &ce):
		c.refuse(path, ce.Message, ce.Hint)
		c.shift(path, expr, ce)
	case err != nil:
		c.refuse(path, err.Error(), "")
	case len(r.Names()) == 0:
		c.refuse(path, fmt.Sprintf("rule %q reads no metric and always answers the same", expr), "compare a metric, such as error_rate < 0.01")
	}
	return r
}

// shift moves a compile error from the start of the rule to the word in it,
// where the rule stands unquoted on one line.
func (c *documentCheck) shift(path, expr string, ce *CompileError) {
	p := &c.problems[len(c.problems)-1]
	if at := c.parsed.At(path + ".rule"); at.Line > 0 {
		p.Position = at
	}
	p.Position = ce.Shifted(p.Position, expr)
}

// answerable refuses a rule that is judged while its own source is broken.
func (c *documentCheck) answerable(path string, r Rule) {
	for _, name := range r.Names() {
		needs, ok := c.needs(name)
		if !ok {
			continue
		}
		if step, broken := c.breaks(needs); broken {
			c.refuse(path, fmt.Sprintf("%s can only be answered by %s, which step %s breaks", name, needs, step),
				"judge what somebody else can still see, such as ingestion_rate or availability")
		}
	}
}

// breaks names a step that breaks the target, or the last of its members that
// would be left.
func (c *documentCheck) breaks(target spec.TargetName) (step spec.StepID, broken bool) {
	members := c.platform.Targets[target].Members
	if len(members) == 0 {
		members = []spec.TargetName{target}
	}
	for _, m := range members {
		at := slices.IndexFunc(c.doc.Steps, func(s spec.Step) bool { return s.Fault.Target == m && !answering(s.Fault.Kind) })
		if at < 0 {
			return "", false
		}
		step = c.doc.Steps[at].ID
	}
	return step, true
}

func (c *documentCheck) needs(name string) (spec.TargetName, bool) {
	if strings.HasPrefix(name, baselinePrefix) {
		return "", false // read before the fault
	}
	if service, ok := strings.CutPrefix(name, healthyPrefix); ok {
		return "", service == "" // a health check that fails is an answer
	}
	if m, ok := c.doc.Metrics[name]; ok {
		return m.Needs, true
	}
	m, ok := c.platform.Metrics[name]
	return m.Needs, ok
}

// impliedTriggers warns where the impact that is hoped for reads the same
// metric as a rollback trigger: the run may end before it was seen.
func (c *documentCheck) impliedTriggers() {
	for i, t := range c.doc.Triggers {
		for name := range c.platform.Metrics {
			if speaksOf(c.doc.Impact.Rule, name) && speaksOf(t.Expr, name) {
				c.warn(fmt.Sprintf("rollback_when[%d]", i), fmt.Sprintf("the expected impact also speaks of %s: this trigger may fire when the impact is seen", name),
					"write rollback_when with a trigger that the expected impact does not imply")
			}
		}
	}
}

func speaksOf(expr, name string) bool {
	return slices.Contains(strings.FieldsFunc(expr, func(r rune) bool {
		return r != '_' && r != '.' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), name)
}
