package chaostest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/k2-platform/faultline/spec"
)

// step is the one step of each document.
const step spec.StepID = "fault"

// Option is what one fault has of its own.
type Option func(*options)

type options struct {
	duration     time.Duration
	rollbackWhen []spec.Rule
	replaced     bool
}

// For ends the fault so long after it was seen in place.
func For(d time.Duration) Option { return func(o *options) { o.duration = d } }

// RollbackWhen are the fault's rollback triggers in the place of the context's.
func RollbackWhen(rules ...spec.Rule) Option {
	return func(o *options) { o.rollbackWhen, o.replaced = rules, true }
}

func settled(with []Option) (o options) {
	for _, option := range with {
		option(&o)
	}
	return o
}

// document holds one fault until it is ended, and no longer than the context's
// timeout.
func (c *Chaos) document(kind string, target spec.TargetName, with map[string]string, o options) spec.Document {
	parameters := maps.Clone(c.cfg.Parameters[kind])
	if parameters == nil {
		parameters = map[string]string{}
	}
	maps.Copy(parameters, with)
	hypothesis := spec.Hypothesis{
		Claim:       fmt.Sprintf("the system comes back from %s of %s", kind, target),
		SteadyState: c.cfg.SteadyState, Healthy: c.cfg.Healthy, RecoversWithin: c.cfg.Timeout, Tolerates: c.cfg.Tolerates,
	}
	if c.Active() {
		// The system need not be in its steady state: the first fault's recovery
		// covers both.
		hypothesis.SteadyState, hypothesis.Healthy = []spec.Rule{anything(c.platform)}, nil
	}
	when := c.cfg.RollbackWhen
	if o.replaced {
		when = o.rollbackWhen
	}
	return spec.Document{
		Faultline: "v1", Title: fmt.Sprintf("%s of %s, of %s", kind, target, c.t.Name()),
		System: c.platform.Name, Environment: c.platform.Environment, BlastRadius: c.cfg.BlastRadius,
		Labels:     map[string]string{"client": "go"},
		Hypothesis: hypothesis, Triggers: append([]spec.Rule{}, when...), Books: c.cfg.Books,
		Steps:    []spec.Step{{ID: step, Fault: spec.Fault{Kind: kind, Target: target, With: parameters}}},
		Baseline: spec.Baseline{Duration: c.cfg.Baseline, Every: c.cfg.Every, Tolerance: c.cfg.Tolerance},
		Limits:   spec.Limits{MaxFaultLife: c.cfg.Timeout, RecoveryTimeout: c.cfg.Timeout, PublisherLease: c.cfg.Lease},
	}
}

// steadyState is what is normal, as far as the platform has metrics that say so.
func steadyState(p spec.Platform, tolerance float64) (out []spec.Rule) {
	if _, ok := p.Metrics["ingestion_rate"]; ok {
		usual := "baseline.ingestion_rate"
		// A short baseline may fall into a backlog that is worked off, and would then
		// never be reached again.
		if _, ok := p.Metrics["offered_rate"]; ok {
			usual = "offered_rate"
		}
		out = append(out, spec.Rule{Name: "ingestion keeps up", Expr: fmt.Sprintf("ingestion_rate >= %.4f * %s", 1-tolerance, usual)})
	}
	if _, ok := p.Metrics["error_rate"]; ok {
		out = append(out, spec.Rule{Name: "clients are answered", Expr: "error_rate <= 0.01"})
	}
	if len(out) == 0 {
		out = append(out, anything(p))
	}
	return out
}

// methodology are the rollback triggers by the metric that each needs.
func methodology() map[string]spec.Rule {
	all := spec.MethodologyTriggers()
	return map[string]spec.Rule{"error_rate": all[0], "availability": all[1], "response_time": all[2]}
}

func triggers(p spec.Platform) []spec.Rule {
	out := []spec.Rule{}
	for _, metric := range []string{"error_rate", "availability", "response_time"} {
		if _, ok := p.Metrics[metric]; ok {
			out = append(out, methodology()[metric])
		}
	}
	return out
}

// anything is a rule that holds as soon as something is read: where nothing is
// asked of the system.
func anything(p spec.Platform) spec.Rule {
	metric := "error_rate"
	if _, ok := p.Metrics[metric]; !ok && len(p.Metrics) > 0 {
		metric = slices.Sorted(maps.Keys(p.Metrics))[0]
	}
	return known(metric)
}

// known is a rule that holds once a metric was read, whatever it is.
func known(metric string) spec.Rule {
	return spec.Rule{Name: metric + " is known", Expr: fmt.Sprintf("%s >= 0.0 || %s < 0.0", metric, metric)}
}

// slow is what a fault whose expected answers are errors is still ended by.
func slow(p spec.Platform) Option {
	if _, ok := p.Metrics["response_time"]; !ok {
		return RollbackWhen()
	}
	return RollbackWhen(spec.Rule{Name: "response_time_above_10_seconds", Expr: "response_time > 10.0"})
}
