// Package judging is the judge of one experiment: a pure fold over its
// recorded ticks. It knows no time but theirs, so that a replay of the record
// gives the same answers in the same order.
package judging

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/rules"
	"github.com/k2-platform/faultline/spec"
)

// Due is a command that a tick brought about. Its ID is the same whenever and
// by whomever the same record is judged.
type Due struct {
	ID      string
	At      time.Time
	Command commands.Command
}

// Judge holds what the ticks so far said. Make it with New; it is not safe
// for concurrent use.
type Judge struct {
	doc      spec.Document
	healthy  []string // readings healthy.<service> that recovery needs
	metrics  []string
	firing   map[string]bool // readings that triggers speak of
	steady   []rules.Rule
	triggers []rules.Rule
	maintain []rules.Rule
	impact   *rules.Rule

	latest   map[string]events.Reading
	baseline map[string]float64 // as rules name it, and as far as they do
	recalled bool               // it was read from the state, or taken
	taking   taking
	watching watching
	silence  silence
	user     events.UserImpact
	due      map[string]Due

	traces               map[spec.StepID]trace
	injected, rolledBack moment // of the state of the last tick
}

// New compiles the document's rules against the platform. It fails where a
// rule does not compile: check the document first.
func New(doc spec.Document, platform spec.Platform) (*Judge, error) {
	metrics := maps.Clone(platform.Metrics)
	maps.Copy(metrics, doc.Metrics)
	env, err := rules.NewEnv(rules.Vocabulary{
		Metrics: slices.Sorted(maps.Keys(metrics)), Services: slices.Sorted(maps.Keys(platform.Services)),
	})
	if err != nil {
		return nil, fmt.Errorf("judging %q: %w", doc.Title, err)
	}
	j := &Judge{doc: doc, latest: map[string]events.Reading{}, baseline: map[string]float64{}, due: map[string]Due{}, traces: map[spec.StepID]trace{}}
	compile := func(all []spec.Rule) (out []rules.Rule) {
		for _, r := range all {
			rule, cerr := env.Compile(r.Expr)
			if cerr != nil && err == nil {
				err = fmt.Errorf("judging %q: %w", doc.Title, cerr)
			}
			out = append(out, rule)
		}
		return out
	}
	j.steady, j.triggers, j.maintain = compile(doc.Hypothesis.SteadyState), compile(doc.Triggers), compile(doc.Hypothesis.Maintains)
	if doc.Impact != nil {
		j.impact = &compile([]spec.Rule{{Expr: doc.Impact.Rule}})[0]
	}
	for _, service := range doc.Hypothesis.Healthy {
		j.healthy = append(j.healthy, healthyPrefix+service)
	}
	j.metrics, j.firing = j.needs(metrics), map[string]bool{}
	for _, r := range j.triggers {
		for _, name := range r.Names() {
			j.firing[name] = true
		}
	}
	j.watching = watching{maintained: make([]course, len(j.maintain)), fired: make([]course, len(j.triggers))}
	return j, err
}

const (
	healthyPrefix  = "healthy."
	baselinePrefix = "baseline."
)

// Metrics are the readings that the judge wants: those that rules speak of,
// the health of services, and what the system's clients see.
func (j *Judge) Metrics() []string { return slices.Clone(j.metrics) }

// Tick judges the next tick, in the state of the version that it names, and
// returns what is due and not in that state. What was due stays due, in the
// same words, until the state shows it.
func (j *Judge) Tick(s experiment.State, t events.Tick) []Due {
	j.read(t)
	s = j.place(s, t)
	switch s.Phase {
	case experiment.Baselining:
		j.listen(s, t)
		j.takeBaseline(s, t)
	case experiment.Injecting, experiment.Injected:
		j.recall(s)
		j.miss(s, t)
		j.listen(s, t)
		j.watch(s, t)
	case experiment.RollingBack, experiment.Recovering, experiment.Stuck:
		j.recall(s)
		j.miss(s, t)
		j.settle(s, t)
		j.recover(s, t)
	case experiment.Absent, experiment.Scheduled, experiment.Concluded, experiment.Denied, experiment.Aborted:
		return nil
	}
	return j.open(s)
}

// owe notes a command once; its words do not change afterwards.
func (j *Judge) owe(s experiment.State, what string, t events.Tick, c commands.Command) {
	id := string(s.ID) + "/" + what
	if _, ok := j.due[id]; !ok {
		j.due[id] = Due{ID: id, At: t.At, Command: c}
	}
}

func (j *Judge) owes(s experiment.State, what string) bool {
	_, ok := j.due[string(s.ID)+"/"+what]
	return ok
}

// open lists what the state does not show yet, oldest first.
func (j *Judge) open(s experiment.State) []Due {
	var out []Due
	for _, id := range slices.Sorted(maps.Keys(j.due)) {
		if !s.Handled(id) {
			out = append(out, j.due[id])
		}
	}
	slices.SortStableFunc(out, func(a, b Due) int { return a.At.Compare(b.At) })
	return out
}
