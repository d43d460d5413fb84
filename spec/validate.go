package spec

import (
	"fmt"
	"maps"
	"slices"
)

// validator collects what is wrong with a document that was read.
type validator struct {
	places   map[string]Position
	problems Problems
}

func (v *validator) refuse(path, message, hint string) {
	v.problems = append(v.problems, Problem{Position: nearest(v.places, path), Path: path, Message: message, Hint: hint})
}

func (v *validator) required(path, value, hint string) {
	if value == "" {
		v.refuse(path, "is missing", hint)
	}
}

func (v *validator) document(d Document) {
	if d.Faultline != "v1" {
		v.refuse("faultline", fmt.Sprintf("version %q is not known", d.Faultline), "write faultline: v1")
	}
	v.required("title", d.Title, "write title: what the experiment is about")
	v.required("system", d.System, "write system: what is claimed to survive, such as K2 ingestion")
	v.environment("environment", d.Environment)
	v.word("blast_radius", string(d.BlastRadius), Radii()...)
	if len(d.Hypothesis.SteadyState) == 0 {
		v.refuse("hypothesis.steady_state", "is missing", "write at least one rule, such as - error_rate < 0.01")
	}
	if d.Hypothesis.RecoversWithin == 0 {
		v.refuse("hypothesis.recovers_within", "is missing", "write recovers_within: 60s")
	}
	v.rules("hypothesis.steady_state", d.Hypothesis.SteadyState)
	v.rules("hypothesis.maintains", d.Hypothesis.Maintains)
	v.rules("rollback_when", d.Triggers)
	if d.Impact != nil {
		v.required("expected_impact.rule", d.Impact.Rule, "write rule: what is seen when the fault bites")
	}
	if l := d.Hypothesis.Tolerates; l != nil {
		if l.Fraction < 0 || l.Fraction > 1 || l.Acked < 0 || l.Altered < 0 || l.FalseRejects != nil && *l.FalseRejects < 0 {
			v.refuse("hypothesis.tolerates", "a loss is a fraction from 0 to 1, and counts from 0", "write loss_fraction: 0.01 and lost_acked: 0")
		}
		v.required("books", d.Books, "write books: trades, the flow whose records are counted")
	}
	v.baseline("baseline", d)
	for _, name := range slices.Sorted(maps.Keys(d.Profiles)) {
		if p := d.Profiles[name]; p.Baseline.Every != 0 || p.Baseline.Duration != 0 {
			with, _ := d.WithProfile(name) // it is one of them
			v.baseline("profiles."+name+".baseline", with)
		}
	}
	v.steps(d)
}

// baseline takes one with at least one reading in it.
func (v *validator) baseline(path string, d Document) {
	b, said := d.WithDefaults().Baseline, ""
	if d.Baseline.Every == 0 {
		said = ", the default,"
	}
	if b.Every > b.Duration {
		v.refuse(path+".every", fmt.Sprintf("%s%s is longer than %s.duration, %s", b.Every, said, path, b.Duration),
			"write how often metrics are read, such as every: 1s, or a longer duration")
	}
	if b.Every < ShortestEvery {
		v.refuse(path+".every", fmt.Sprintf("%s is shorter than %s, and metrics are not read more often", b.Every, ShortestEvery), "write every: 1s")
	}
}

// environment takes production too: whether an experiment may run there is
// for the policy to decide.
func (v *validator) environment(path, name string) {
	switch {
	case name == "":
		v.refuse(path, "is missing", "write environment: development, test, staging or production")
	case !slices.Contains(Environments(), name):
		v.refuse(path, fmt.Sprintf("environment %q is not known", name), DidYouMean(name, Environments()))
	}
}

func (v *validator) rules(path string, rules []Rule) {
	for i, r := range rules {
		v.required(indexed(path, i), r.Expr, "write a CEL expression, such as error_rate < 0.01")
	}
}

func (v *validator) steps(d Document) {
	if len(d.Steps) == 0 {
		v.refuse("steps", "is missing", "write at least one step; kind: none makes a control experiment")
	}
	limits := d.WithDefaults().Limits
	if l := limits.PublisherLease; l != 0 && l < ShortestLease {
		v.refuse("limits.publisher_lease", fmt.Sprintf("%s is shorter than %s, and its publisher's word goes through Kafka", l, ShortestLease), "write publisher_lease: 30s")
	}
	seen := map[StepID]bool{}
	for i, s := range d.Steps {
		path := indexed("steps", i)
		if err := matches("step id", string(s.ID), idPattern, "lower-case letters, digits and dashes"); err != nil {
			v.refuse(path+".id", err.Error(), "")
		}
		if seen[s.ID] {
			v.refuse(path+".id", fmt.Sprintf("step %q stands twice", s.ID), "give each step an id of its own")
		}
		v.required(path+".fault.kind", s.Fault.Kind, "write kind: process.stop")
		v.required(path+".fault.target", string(s.Fault.Target), "write target: kafka")
		if s.For > limits.MaxFaultLife {
			v.refuse(path+".for", fmt.Sprintf("%s is longer than limits.max_fault_life, %s", s.For, limits.MaxFaultLife), "shorten it, or raise the limit")
		}
		v.after(path, s, seen, d.Steps)
		seen[s.ID] = true
	}
}

// after lets a step wait only for steps above it, so that no ring of steps
// can wait for itself.
func (v *validator) after(path string, s Step, above map[StepID]bool, all []Step) {
	if s.After == nil {
		return
	}
	for i, id := range *s.After {
		if above[id] {
			continue
		}
		at := indexed(path+".after", i)
		if slices.ContainsFunc(all, func(o Step) bool { return o.ID == id }) {
			v.refuse(at, fmt.Sprintf("step %q stands below or is this one", id), "move it above")
			continue
		}
		v.refuse(at, fmt.Sprintf("step %q is not in the document", id), DidYouMean(string(id), stepNames(all)))
	}
}

func stepNames(steps []Step) []string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = string(s.ID)
	}
	return names
}

func (v *validator) platform(p Platform) {
	if p.Version != "v1" {
		v.refuse("faultline_platform", fmt.Sprintf("version %q is not known", p.Version), "write faultline_platform: v1")
	}
	v.environment("environment", p.Environment)
	known := make([]string, 0, len(p.Targets))
	for name := range p.Targets {
		known = append(known, string(name))
	}
	v.targets(p, known)
	v.books(p)
	for name, m := range p.Metrics {
		path := "metrics." + name
		if err := matches("metric", name, metricPattern, "lower-case letters, digits and underscores"); err != nil {
			v.refuse(path, err.Error(), "")
		}
		if _, ok := p.Targets[m.Needs]; !ok {
			v.refuse(path+".needs", fmt.Sprintf("target %q is not known", m.Needs), DidYouMean(string(m.Needs), known))
		}
		if m.Sources() != 1 {
			v.refuse(path, fmt.Sprintf("a metric has one source, this one has %d", m.Sources()), "write one of scrape, probe, promql, process, kafka, table")
		}
		if m.Probe != nil {
			v.probed(path+".probe", *m.Probe, p.Probes)
		}
	}
}

// probed checks the kind of answer that a metric counts.
func (v *validator) probed(path string, m ProbeSource, probes map[string]Probe) {
	if m.Measure != MeasureShare {
		if m.Answer != "" {
			v.refuse(path+".answer", "only a share is of one kind of answer", "write measure: share, or leave it out")
		}
		return
	}
	kinds := slices.Collect(maps.Keys(probes[m.Name].Answers))
	if !slices.Contains(kinds, m.Answer) {
		v.refuse(path+".answer", fmt.Sprintf("probe %q has no kind of answer %q", m.Name, m.Answer), DidYouMean(m.Answer, kinds))
	}
}

// Sources counts where the metric is said to come from; one is right.
func (m Metric) Sources() int {
	n := 0
	for _, set := range []bool{m.Scrape != nil, m.Probe != nil, m.PromQL != nil, m.Process != nil, m.Kafka != nil, m.Table != nil} {
		if set {
			n++
		}
	}
	return n
}
