package judging

import (
	"fmt"
	"strings"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// recover looks for the first tick after rollback at which the steady state
// holds again and every service is healthy.
func (j *Judge) recover(s experiment.State, t events.Tick) {
	if !s.Injected.IsZero() && !j.owes(s, "recovery") {
		j.see(j.values(s, t, j.injected.after()))
	}
	if s.Phase != experiment.Recovering || s.RolledBack.IsZero() || !t.At.After(j.rolledBack.after()) || j.owes(s, "recovery") {
		return
	}
	missing := j.missing(j.values(s, t, j.rolledBack.after()))
	out := events.RecoveryMeasured{Recovered: len(missing) == 0, Impact: j.user}
	switch {
	case out.Recovered:
		took, why := j.took(s, t)
		injection, rollback := spec.Duration(max(t.At.Sub(s.Injected), took)), spec.Duration(took)
		out.FromInjection, out.FromRollback, out.Why = &injection, &rollback, why
	case t.At.Sub(j.rolledBack.after())-j.watching.missed.all >= time.Duration(j.doc.Limits.RecoveryTimeout):
		out.Why = fmt.Sprintf("%s after rollback: %s", j.doc.Limits.RecoveryTimeout, strings.Join(missing, "; "))
	default:
		return
	}
	j.owe(s, "recovery", t, commands.ReportRecovery{RecoveryMeasured: out})
}

// took is for how long the system was on its way back, and what is doubtful
// about that. Where an agent's clock is wrong, and so it cannot be said whether
// that was in time, it is the longest that it can have been.
func (j *Judge) took(s experiment.State, t events.Tick) (time.Duration, string) {
	took, within := t.At.Sub(s.RolledBack), time.Duration(j.doc.Hypothesis.RecoversWithin)
	if why := j.doubt(s, took); why != "" {
		return took, why
	}
	longest, shortest := t.At.Sub(j.rolledBack.since()), t.At.Sub(j.rolledBack.after())
	switch {
	case longest <= within:
		return took, j.Clock()
	case shortest <= within && shortest < longest:
		return longest, fmt.Sprintf("%s: it was back %s to %s after rollback", j.Clock(), shortest.Round(time.Second), longest.Round(time.Second))
	}
	return took, ""
}

// doubt says why a system that seems to be back too late may have been in
// time. It is empty where there is no doubt.
func (j *Judge) doubt(s experiment.State, took time.Duration) string {
	m, within := j.watching.missed, time.Duration(j.doc.Hypothesis.RecoversWithin)
	if took <= within || m.all == 0 || m.from.Sub(s.RolledBack) > within {
		return ""
	}
	return fmt.Sprintf("it may have been back in time: %s of its readings are missing", m.all.Round(time.Second))
}

// missing says what keeps the system from being recovered.
func (j *Judge) missing(values map[string]float64) []string {
	var out []string
	for i, r := range j.steady {
		if a := judge(r, values); a != events.Holds {
			out = append(out, fmt.Sprintf("%s is %s", j.doc.Hypothesis.SteadyState[i].Label(), a))
		}
	}
	for _, name := range j.healthy {
		service := strings.TrimPrefix(name, healthyPrefix)
		switch v, ok := values[name]; {
		case !ok:
			out = append(out, "the health of "+service+" is unknown")
		case v != 1:
			out = append(out, service+" is not healthy")
		}
	}
	return out
}

// see keeps the worst of what clients saw.
func (j *Judge) see(values map[string]float64) {
	worst := func(kept **float64, name string, worse func(a, b float64) bool) {
		v, ok := values[name]
		if ok && (*kept == nil || worse(v, **kept)) {
			*kept = &v
		}
	}
	less := func(a, b float64) bool { return a < b }
	more := func(a, b float64) bool { return a > b }
	worst(&j.user.MinAvailability, "availability", less)
	worst(&j.user.MaxErrorRate, "error_rate", more)
	worst(&j.user.MaxResponseTime, "response_time", more)
	worst(&j.user.MaxDataAge, "data_age", more)
	worst(&j.user.MaxIngestionGap, "ingestion_gap", more)
}
