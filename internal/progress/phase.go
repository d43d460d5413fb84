package progress

import (
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

const (
	longestBar = 40
	leastBar   = 10
)

// Left is how long the phase is planned to take from now on, and how long in
// all. Both are zero where nobody knows.
func Left(s experiment.State, now time.Time) (left, whole time.Duration) {
	switch s.Phase {
	case experiment.Baselining:
		whole = s.Document.Baseline.Duration.Of()
		return s.Began.Add(whole).Sub(now), whole
	case experiment.Injecting, experiment.Injected:
		for _, st := range s.Steps {
			if rest := st.Seen.Add(st.For.Of()).Sub(now); st.Phase == experiment.Present && st.For > 0 && rest > left {
				left, whole = rest, st.For.Of()
			}
		}
		return left, whole
	case experiment.Recovering:
		whole = s.Document.Limits.RecoveryTimeout.Of()
		return s.RolledBack.Add(whole).Sub(now), whole
	case experiment.Absent, experiment.Scheduled, experiment.RollingBack, experiment.Concluded, experiment.Denied,
		experiment.Aborted, experiment.Stuck:
	}
	return 0, 0
}

// path is the phases that this experiment passed and is expected to pass.
func path(p experiment.Phase) []experiment.Phase {
	whole := []experiment.Phase{
		experiment.Scheduled, experiment.Baselining, experiment.Injecting, experiment.Injected, experiment.RollingBack,
		experiment.Recovering, experiment.Concluded,
	}
	switch p {
	case experiment.Denied:
		return []experiment.Phase{experiment.Scheduled, experiment.Denied}
	case experiment.Stuck:
		return append(whole[:5:5], experiment.Stuck)
	case experiment.Aborted:
		return append(whole[:6:6], experiment.Aborted)
	case experiment.Absent, experiment.Scheduled, experiment.Baselining, experiment.Injecting, experiment.Injected,
		experiment.RollingBack, experiment.Recovering, experiment.Concluded:
	}
	return whole
}

func (v View) phases() []string {
	lines := []string{v.path()}
	if bar := v.bar(); bar != "" {
		lines = append(lines, bar)
	}
	return lines
}

// path shows every phase with the present one in brackets; where there is no
// room for that, the neighbours of the present one.
func (v View) path() string {
	all := path(v.State.Phase)
	at := slices.Index(all, v.State.Phase)
	words := make([]string, len(all))
	for i, p := range all {
		switch {
		case i == at:
			words[i] = v.phase()
		case i < at:
			words[i] = p.String()
		default:
			words[i] = faint(p.String())
		}
	}
	for _, arrow := range []string{" → ", "→"} {
		if line := strings.Join(words, arrow); width(line) <= v.Width {
			return line
		}
	}
	from, to := max(at-1, 0), min(at+2, len(words))
	line := strings.Join(words[from:to], " → ")
	if from > 0 {
		line = "… → " + line
	}
	if to < len(words) {
		line += " → …"
	}
	return line
}

func (v View) phase() string {
	text := "[" + v.State.Phase.String() + "]"
	if v.State.Phase == experiment.Stuck {
		return alarm(text)
	}
	return current(text)
}

func (v View) bar() string {
	left, whole := Left(v.State, v.Now)
	if whole <= 0 {
		return v.unplanned()
	}
	text := rounded(left) + " left of " + rounded(whole)
	if v.State.Phase == experiment.Recovering {
		text = "at most " + text // recovery ends as soon as it is seen
		if v.State.Recovery != nil {
			return "recovered; counting the records"
		}
	} else if left <= 0 {
		text = rounded(-left) + " over the planned " + rounded(whole)
	}
	room := min(v.Width-width(text)-2, longestBar)
	if room < leastBar {
		return text
	}
	full := int(float64(room) * float64(whole-left) / float64(whole))
	full = max(min(full, room), 0)
	return current(strings.Repeat("█", full)) + faint(strings.Repeat("░", room-full)) + "  " + text
}

// unplanned tells of phases that take as long as they take.
func (v View) unplanned() string {
	switch v.State.Phase {
	case experiment.Absent:
		return "waiting for the pipeline to take the experiment"
	case experiment.Scheduled:
		return "waiting for the baseline to begin"
	case experiment.Injecting:
		return "waiting for the fault to be seen on its target"
	case experiment.Injected:
		return "rollback due"
	case experiment.RollingBack:
		return "waiting for the fault to be seen gone" + v.because()
	case experiment.Stuck:
		return alarm("a fault is still there and could not be undone") + v.because()
	case experiment.Baselining, experiment.Recovering, experiment.Concluded, experiment.Denied, experiment.Aborted:
	}
	return ""
}

func (v View) because() string {
	if c := v.State.Cause; c != "" && c != events.Planned {
		return " (" + string(c) + ")"
	}
	return ""
}
