package judging

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/rules"
	"github.com/k2-platform/faultline/spec"
)

// userMetrics are what the clients of a system see, where it has them.
func userMetrics() []string {
	return []string{"availability", "error_rate", "response_time", "data_age", "ingestion_gap"}
}

// needs lists the readings that the rules, the recovery and the user impact
// speak of.
func (j *Judge) needs(known map[string]spec.Metric) []string {
	wanted := map[string]bool{}
	for _, h := range j.healthy {
		wanted[h] = true
	}
	all := j.rules()
	for _, r := range all {
		for _, name := range r.Names() {
			if strings.HasPrefix(name, healthyPrefix) {
				wanted[name] = true
			}
		}
	}
	for name := range known {
		if slices.ContainsFunc(all, func(r rules.Rule) bool { return slices.ContainsFunc(r.Names(), speaksOf(name)) }) {
			wanted[name] = true
		}
	}
	for _, name := range userMetrics() {
		if _, ok := known[name]; ok {
			wanted[name] = true
		}
	}
	return slices.Sorted(maps.Keys(wanted))
}

func (j *Judge) rules() []rules.Rule {
	all := slices.Concat(j.steady, j.triggers, j.maintain)
	if j.impact != nil {
		all = append(all, *j.impact)
	}
	return all
}

// speaksOf says whether a rule's variable is a metric or its baseline.
func speaksOf(metric string) func(string) bool {
	return func(name string) bool {
		rest := strings.TrimPrefix(name, baselinePrefix)
		return rest == metric || strings.HasPrefix(name, baselinePrefix) && strings.HasPrefix(rest, metric+".")
	}
}

// read takes the readings of a tick. One that is older than its metric's last
// is late and does not turn time back. After a gap nothing is known.
func (j *Judge) read(t events.Tick) {
	if t.Gap != nil {
		clear(j.latest)
	}
	for _, r := range t.Readings {
		if old, ok := j.latest[r.Metric]; !ok || r.At.After(old.At) {
			j.latest[r.Metric] = r
		}
	}
}

// fresh is how long a reading counts.
func (j *Judge) fresh() time.Duration {
	return max(5*time.Duration(j.doc.Baseline.Every)/2, 2500*time.Millisecond)
}

// values is what rules may read at a tick: what is missing is unknown. So is
// what was read before from: it says nothing of the time since.
func (j *Judge) values(s experiment.State, t events.Tick, from time.Time) map[string]float64 {
	out := maps.Clone(j.baseline)
	for name, r := range j.latest {
		if t.At.Sub(r.At) <= j.fresh() && !r.At.Before(from) {
			out[name] = r.Value
		}
	}
	since := func(name string, from time.Time) {
		if !from.IsZero() {
			out[name] = t.At.Sub(from).Seconds()
		}
	}
	since("elapsed", s.Began)
	since("since_injection", s.Injected)
	since("since_rollback", s.RolledBack)
	if s.Books != nil && s.Books.Balanced {
		out["loss_fraction"], out["lost_acked"] = s.Books.LossFraction, float64(s.Books.LostAcked)
	}
	return out
}

// judge asks a rule. What cannot be judged is unknown.
func judge(r rules.Rule, values map[string]float64) events.Answer {
	answer, err := r.Eval(values)
	if err != nil {
		return events.Unknown
	}
	return answer
}

// used are the values that a rule read.
func used(r rules.Rule, values map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for _, name := range r.Names() {
		if v, ok := values[name]; ok {
			out[name] = v
		}
	}
	return out
}

// recall reads the baseline back from the state: a judge that was not there
// when it was taken has it from the log.
func (j *Judge) recall(s experiment.State) {
	if !j.recalled {
		j.setBaseline(s.Baseline.Metrics)
	}
}

// setBaseline keeps what rules speak of.
func (j *Judge) setBaseline(metrics map[string]events.Distribution) {
	j.recalled = true
	j.baseline = map[string]float64{}
	for _, r := range j.rules() {
		for _, name := range r.Names() {
			rest, ok := strings.CutPrefix(name, baselinePrefix)
			if !ok {
				continue
			}
			if v, ok := figure(metrics, rest); ok {
				j.baseline[name] = v
			}
		}
	}
}

// figure is a statistic of a metric, by metric.statistic, or its mean.
func figure(metrics map[string]events.Distribution, name string) (float64, bool) {
	statistic := "mean"
	d, ok := metrics[name]
	if at := strings.LastIndex(name, "."); !ok && at >= 0 {
		d, statistic = metrics[name[:at]], name[at+1:]
	}
	if d.N == 0 {
		return 0, false
	}
	switch statistic {
	case "mean":
		return d.Mean, true
	case "median":
		return d.Median, true
	case "p95":
		return d.P95, true
	case "p99":
		return d.P99, true
	case "min":
		return d.Min, true
	case "max":
		return d.Max, true
	case "stddev":
		return d.StdDev, true
	case "n":
		return float64(d.N), true
	}
	return 0, false
}
