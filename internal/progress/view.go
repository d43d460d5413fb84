// Package progress shows a run on a terminal: a block that stands below the
// lines of what happened. The block is a value and its text a pure function
// of it; only Live knows a terminal. The package neither reads the log nor
// decides anything, and imports no library that asks the terminal for its
// colours at start-up: that would cost every command of the program.
package progress

import (
	"maps"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// lines of what happened that stay in sight above the block, and the least
// height that is counted on.
const (
	above    = 3
	lowest   = 6
	narrow   = 20
	absentee = "-"
)

// View is all that the block shows. The zero value of a field is something
// that is not known yet.
type View struct {
	ID       spec.ExperimentID
	Document spec.Document
	Metrics  []Metric
	State    experiment.State
	Readings map[string]Series
	Began    time.Time
	Now      time.Time
	Width    int // columns of the terminal
	Height   int // rows of it
}

// String is the block: lines of at most Width columns, fewer of them than
// Height. Styles are those of an ANSI terminal.
func (v View) String() string {
	if v.Width < narrow || v.Height < lowest {
		return clip(v.phase(), max(v.Width, 1))
	}
	lines := fit([][]string{v.head(), v.phases(), v.steps(), v.readings(), v.claims(), v.hint()}, v.Height-above)
	for i, line := range lines {
		lines[i] = clip(line, v.Width)
	}
	return strings.Join(lines, "\n")
}

// With is the view once the state is known to be s.
func (v View) With(s experiment.State) View {
	v.State = s
	return v
}

// At is the view at a moment.
func (v View) At(now time.Time) View {
	v.Now = now
	return v
}

// Read is the view with the readings of one more tick.
func (v View) Read(t events.Tick) View {
	v.Readings = maps.Clone(v.Readings)
	if v.Readings == nil {
		v.Readings = map[string]Series{}
	}
	for _, r := range t.Readings {
		v.Readings[r.Metric] = v.Readings[r.Metric].with(r)
	}
	return v
}

func (v View) head() []string {
	id, clock := string(v.ID), elapsed(v.Now.Sub(v.Began))
	room := v.Width - width(clock) - 1
	return []string{
		pad(bold(clip(id, room)), room) + " " + clock,
		clip(oneLine(v.Document.Title)+" · "+oneLine(v.Document.System), v.Width),
	}
}

// hint says what Ctrl-C does now.
func (v View) hint() []string {
	switch v.State.Phase {
	case experiment.Absent, experiment.Scheduled, experiment.Baselining, experiment.Injecting, experiment.Injected:
		return []string{faint("Ctrl-C: abort with rollback")}
	case experiment.RollingBack, experiment.Recovering:
		if v.State.Cause == events.Abort {
			return []string{faint("aborting; Ctrl-C: stop watching")}
		}
		return []string{faint("Ctrl-C: abort")}
	case experiment.Concluded, experiment.Denied, experiment.Aborted, experiment.Stuck:
	}
	return nil
}

// fit joins sections by empty lines as far as there is room, and then
// shortens those that a reader misses least.
func fit(sections [][]string, height int) []string {
	height = max(height, 1)
	over := -height
	for _, s := range sections {
		over += len(s)
	}
	for _, i := range []int{4, 3, 2} {
		cut := min(over, len(sections[i])-1)
		if cut <= 0 {
			continue
		}
		// The line that tells of the others takes one more.
		kept := max(len(sections[i])-cut-1, 0)
		sections[i] = append(sections[i][:kept:kept], faint(more(len(sections[i])-kept)))
		over -= cut
	}
	apart := map[int]bool{}
	for _, i := range []int{4, 3, 2, 1} {
		apart[i] = over < 0 && len(sections[i]) > 0
		if apart[i] {
			over++
		}
	}
	var out []string
	for i, s := range sections {
		if apart[i] {
			out = append(out, "")
		}
		out = append(out, s...)
	}
	return out[:min(len(out), height)]
}
