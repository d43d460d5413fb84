package progress

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/k2-platform/faultline/experiment"
)

// steps is a line for each step: its fault, where it is and until when. What
// undoes by hand a fault that is stuck has a line of its own.
func (v View) steps() []string {
	all := v.State.Steps
	if len(all) == 0 {
		for _, st := range v.Document.Steps {
			all = append(all, experiment.Step{Step: st})
		}
	}
	rows := make([][]string, len(all))
	for i, st := range all {
		rows[i] = []string{oneLine(string(st.ID)), oneLine(st.Fault.Kind + " on " + string(st.Fault.Target)), coloured(st.Phase), v.until(st)}
	}
	lines := columns(rows)
	if !slices.ContainsFunc(lines, func(l string) bool { return width(l)+len("step ") > v.Width }) {
		for i, l := range lines {
			lines[i] = "step " + l
		}
	}
	for _, st := range all {
		if st.Phase == experiment.StuckStep && st.Manual != "" {
			lines = append(lines, "undo it by hand: "+oneLine(st.Manual))
		}
	}
	return lines
}

func coloured(p experiment.StepPhase) string {
	switch p {
	case experiment.Present:
		return inked(ansi.Yellow, p.String())
	case experiment.Gone:
		return inked(ansi.Green, p.String())
	case experiment.Failed, experiment.StuckStep:
		return alarm(p.String())
	case experiment.Waiting:
		return faint(p.String())
	case experiment.Requested, experiment.Undoing:
	}
	return p.String()
}

// until says when the fault goes as planned, or why it went or stays.
func (v View) until(st experiment.Step) string {
	switch st.Phase {
	case experiment.Waiting, experiment.Requested:
		if st.For > 0 {
			return "for " + st.For.String()
		}
	case experiment.Present:
		if st.For == 0 {
			return "until the end"
		}
		return "undone in " + rounded(st.Seen.Add(st.For.Of()).Sub(v.Now))
	case experiment.Undoing, experiment.Gone:
		return string(st.Cause)
	case experiment.Failed, experiment.StuckStep:
		return oneLine(st.Why)
	}
	return ""
}

// columns aligns rows of the same length, each column as wide as its widest
// cell, two spaces between.
func columns(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(cell))
		}
	}
	out := make([]string, len(rows))
	for i, row := range rows {
		var b strings.Builder
		for j, cell := range row {
			if j < len(row)-1 {
				cell = pad(cell, widths[j]+2)
			}
			b.WriteString(cell)
		}
		out[i] = strings.TrimRight(b.String(), " ")
	}
	return out
}
