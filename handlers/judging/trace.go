package judging

import (
	"slices"
	"strconv"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

// trace is what the ticks showed of one step's fault. It came to be after the
// last tick at which nobody had asked for it, and before the first that shows
// it; and so with its end.
type trace struct {
	idle   time.Time // last tick at which it was not asked for
	wanted time.Time // last tick at which its end was not asked for
	seen   moment
	gone   moment
}

// place returns the state with the times of its faults as the ticks bear them
// out: they are said by the clocks of agents, and compared with those of ticks
// and readings.
func (j *Judge) place(s experiment.State, t events.Tick) experiment.State {
	s.Steps = slices.Clone(s.Steps)
	j.injected, j.rolledBack = moment{}, moment{}
	for i := range s.Steps {
		st := &s.Steps[i]
		tr := j.traces[st.ID]
		var fired time.Time
		if st.Cause == events.Trigger {
			fired = j.firstFired(s)
		}
		tr.follow(*st, later(tr.idle, s.Began), t.At, fired)
		j.traces[st.ID] = tr
		if !st.Seen.IsZero() {
			st.Seen, j.injected = tr.seen.at, j.injected.first(tr.seen)
		}
		if !st.Gone.IsZero() {
			st.Gone, j.rolledBack = tr.gone.at, j.rolledBack.last(tr.gone)
		}
	}
	s.Injected, s.RolledBack = j.injected.at, j.rolledBack.at
	return s
}

// follow takes a tick. Before from the fault was not asked for; fired is when
// the first trigger was due.
func (tr *trace) follow(st experiment.Step, from, at, fired time.Time) {
	switch st.Phase {
	case experiment.Waiting:
		tr.idle, tr.wanted = at, at
	case experiment.Requested, experiment.Present:
		tr.wanted = at
	case experiment.Undoing, experiment.Gone, experiment.Failed, experiment.StuckStep:
	}
	if !st.Seen.IsZero() && tr.seen.at.IsZero() {
		tr.seen = between(st.Seen, from, at)
	}
	if !st.Gone.IsZero() && tr.gone.at.IsZero() {
		tr.gone = between(st.Gone, later(from, tr.asked(st, fired)), at)
		tr.gone.at = later(tr.gone.at, tr.seen.at)
	}
}

// asked is what the end of a fault cannot have come before. An agent may undo
// before anybody asks, and whoever asks then has not heard of it: so a clock
// that was right when the fault came is believed, whatever the cause. One that
// is wrong is bounded by the request, where there must have been one.
func (tr *trace) asked(st experiment.Step, fired time.Time) time.Time {
	if tr.seen.off == 0 && !st.Gone.Before(tr.seen.at) {
		return tr.seen.at
	}
	switch st.Cause {
	case events.Planned, events.Abort:
		return tr.wanted
	case events.Trigger:
		return later(fired, tr.seen.since())
	case events.Halt, events.Deadline, events.Lease, events.AgentRestart, events.Failure:
	}
	return tr.seen.since()
}

// firstFired is when the first trigger was due; zero: none is.
func (j *Judge) firstFired(s experiment.State) time.Time {
	var first time.Time
	for i := range j.triggers {
		if due, ok := j.due[string(s.ID)+"/trigger/"+strconv.Itoa(i)]; ok && (first.IsZero() || due.At.Before(first)) {
			first = due.At
		}
	}
	return first
}

// Clock says by how much the clock of an agent contradicts the ticks so far, in
// words; it is empty where none does.
func (j *Judge) Clock() string { return wrong(farther(j.injected.off, j.rolledBack.off)) }
