package judging

import (
	"fmt"
	"strconv"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

// watching is what was seen while the fault is there.
type watching struct {
	fired      []course // of each trigger
	maintained []course // of each rule that is to be maintained
	impact     course
	settled    bool
	missed     missed
}

// course is how a rule fared over several ticks.
type course struct {
	unknownSince time.Time
	known        bool // it was answered at some tick
	doubtful     bool // it was unknown for longer than the grace
	last         map[string]float64
}

// note adds a tick's answer and says for how long it is unknown now.
func (c *course) note(a events.Answer, at time.Time, grace time.Duration) time.Duration {
	if a != events.Unknown {
		c.known, c.unknownSince = true, time.Time{}
		return 0
	}
	if c.unknownSince.IsZero() {
		c.unknownSince = at
	}
	c.doubtful = c.doubtful || at.Sub(c.unknownSince) > grace
	return at.Sub(c.unknownSince)
}

// grace is for how long an answer may be unknown.
func (j *Judge) grace() time.Duration { return time.Duration(j.doc.Limits.TriggerGrace) }

// watch judges triggers, impact and what is to be maintained, and ends steps
// whose time is over.
func (j *Judge) watch(s experiment.State, t events.Tick) {
	j.fire(s, t)
	if !s.Injected.IsZero() {
		values := j.values(s, t, j.injected.after())
		j.seeImpact(s, t, values)
		j.seeMaintained(s, t, values)
		j.see(values)
	}
	j.endSteps(s, t)
}

// fire judges the triggers.
func (j *Judge) fire(s experiment.State, t events.Tick) {
	values, grace := j.values(s, t, time.Time{}), j.grace()
	for i, r := range j.triggers {
		a := judge(r, values)
		if unknown := j.watching.fired[i].note(a, t.At, grace); a != events.Holds && unknown <= grace {
			continue
		}
		j.owe(s, "trigger/"+strconv.Itoa(i), t, commands.Trigger{RollbackTriggered: events.RollbackTriggered{
			Rule: j.doc.Triggers[i].Label(), Answer: a, Values: used(r, values), ReadAt: t.At, Observed: t.Seq,
		}})
	}
}

// endSteps ends what has had its time, unless a trigger ends it now. A step
// without one ends with the last that has, or with the life-time of the first
// fault.
func (j *Judge) endSteps(s experiment.State, t events.Tick) {
	for i := range j.triggers {
		if j.owes(s, "trigger/"+strconv.Itoa(i)) {
			return
		}
	}
	for _, st := range s.Steps {
		life := time.Duration(st.For)
		if life == 0 {
			life = time.Duration(j.doc.Limits.MaxFaultLife)
		}
		if st.Phase == experiment.Present && t.At.Sub(st.Seen) >= life {
			j.owe(s, string(st.ID)+"/end", t, commands.EndStep{Step: st.ID})
		}
	}
}

func (j *Judge) seeImpact(s experiment.State, t events.Tick, values map[string]float64) {
	if j.impact == nil || j.owes(s, "impact") {
		return
	}
	within, since := time.Duration(j.doc.Impact.Within), t.At.Sub(s.Injected)
	if within > 0 && since > within {
		j.missImpact(s, t, values)
		return
	}
	a := judge(*j.impact, values)
	if a == events.Holds {
		j.claimImpact(s, t, events.Holds, values, fmt.Sprintf("seen %s after injection", since.Round(time.Second)))
		return
	}
	j.watching.impact.note(a, t.At, j.grace())
}

// missImpact says that the impact did not come: violated where the rule could
// be judged, unknown where it could not for longer than the grace.
func (j *Judge) missImpact(s experiment.State, t events.Tick, values map[string]float64) {
	a := events.Unknown
	if c := j.watching.impact; c.known && !c.doubtful {
		a = events.Violated
	}
	j.claimImpact(s, t, a, values, "not seen while the fault was there")
}

func (j *Judge) claimImpact(s experiment.State, t events.Tick, a events.Answer, values map[string]float64, detail string) {
	j.owe(s, "impact", t, commands.JudgeClaim{ClaimJudged: events.ClaimJudged{
		Claim: events.ClaimImpact, Rule: j.doc.Impact.Rule, Answer: a, At: t.At, Values: used(*j.impact, values), Detail: detail,
	}})
}

func (j *Judge) seeMaintained(s experiment.State, t events.Tick, values map[string]float64) {
	for i, r := range j.maintain {
		c := &j.watching.maintained[i]
		a := judge(r, values)
		c.note(a, t.At, j.grace())
		c.last = used(r, values)
		if a == events.Violated {
			j.claimMaintained(s, t, i, a, "violated while the fault was there")
		}
	}
}

func (j *Judge) claimMaintained(s experiment.State, t events.Tick, i int, a events.Answer, detail string) {
	j.owe(s, "maintains/"+strconv.Itoa(i), t, commands.JudgeClaim{ClaimJudged: events.ClaimJudged{
		Claim: events.ClaimMaintains, Rule: j.doc.Hypothesis.Maintains[i].Expr, Answer: a, At: t.At,
		Values: j.watching.maintained[i].last, Detail: detail,
	}})
}

// settle answers what the fault left open, once it is being undone.
func (j *Judge) settle(s experiment.State, t events.Tick) {
	if j.watching.settled || s.Injected.IsZero() {
		return
	}
	j.watching.settled = true
	if j.impact != nil && !j.owes(s, "impact") {
		j.missImpact(s, t, j.values(s, t, j.injected.after()))
	}
	for i := range j.maintain {
		c := j.watching.maintained[i]
		a, detail := events.Holds, "held as long as the fault was there"
		if !c.known || c.doubtful {
			a, detail = events.Unknown, "its readings were missing while the fault was there"
		}
		j.claimMaintained(s, t, i, a, detail)
	}
}
