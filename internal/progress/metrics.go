package progress

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/spec"
)

// kept is how many readings of a metric a sparkline can show.
const kept = 60

// Metric is a metric that the block shows.
type Metric struct{ Name, Unit string }

// Named lists the metrics that the rules of a document name, with the units
// that the document or the platform gives them, in the order of the rules:
// what the fault is to do, what is to hold, what ends the experiment early.
func Named(doc spec.Document, platform spec.Platform) []Metric {
	var text strings.Builder
	if doc.Impact != nil {
		text.WriteString(doc.Impact.Rule + " ")
	}
	for _, r := range slices.Concat(doc.Hypothesis.SteadyState, doc.Hypothesis.Maintains, doc.Triggers) {
		text.WriteString(r.Expr + " ")
	}
	var out []Metric
	for _, word := range strings.FieldsFunc(text.String(), func(c rune) bool {
		return c != '_' && c != '.' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	}) {
		m, ok := known(strings.TrimPrefix(word, "baseline."), doc, platform)
		if ok && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// known finds the metric that a word of a rule speaks of. The word may end in
// a figure of the baseline, and a metric's own name may hold dots.
func known(word string, doc spec.Document, platform spec.Platform) (Metric, bool) {
	for name := word; name != ""; {
		for _, all := range []map[string]spec.Metric{doc.Metrics, platform.Metrics} {
			if m, ok := all[name]; ok {
				return Metric{name, m.Unit}, true
			}
		}
		name = name[:max(strings.LastIndexByte(name, '.'), 0)]
	}
	return Metric{}, false
}

// Series is the last readings of a metric, oldest first.
type Series struct {
	Values []float64
	At     time.Time // of the last one
}

// with does not touch the values of s, which an older view may still show.
func (s Series) with(r events.Reading) Series {
	values := slices.Concat(s.Values, []float64{r.Value})
	return Series{Values: values[max(len(values)-kept, 0):], At: r.At}
}

// readings is the table of metrics: the reading, what was normal, by how much
// it left that, and its course.
func (v View) readings() []string {
	if len(v.Metrics) == 0 {
		return nil
	}
	rows := [][]string{{"metric", "latest", "baseline", "change"}}
	for _, m := range v.Metrics {
		rows = append(rows, v.row(m))
	}
	widths := []int{0, 7, 8, 8} // so that the table stands still while figures grow
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	out, used := make([]string, len(rows)), 0
	for i, row := range rows {
		cells := []string{pad(row[0], widths[0])}
		for j := 1; j < len(row); j++ {
			cells = append(cells, padLeft(row[j], widths[j]))
		}
		out[i] = strings.Join(cells, "  ")
		used = width(out[i])
	}
	return v.course(out, v.Width-used-2)
}

// course adds the sparklines and units, as far as there is room.
func (v View) course(out []string, room int) []string {
	units := 0
	for _, m := range v.Metrics {
		units = max(units, width(m.Unit))
	}
	if room-units-2 < leastBar {
		units = 0
	} else {
		room -= units + 2
	}
	room = min(room, kept)
	out[0] = faint(out[0])
	if room < leastBar {
		return out
	}
	for i, m := range v.Metrics {
		out[i+1] += "  " + pad(inked(ansi.Cyan, spark(v.Readings[m.Name].Values, room)), room)
		if units > 0 {
			out[i+1] += "  " + faint(m.Unit)
		}
		out[i+1] = strings.TrimRight(out[i+1], " ")
	}
	return out
}

func (v View) row(m Metric) []string {
	row := []string{m.Name, absentee, absentee, absentee}
	base, normal := v.State.Baseline.Metrics[m.Name]
	normal = normal && base.N > 0
	if normal {
		row[2] = report.Number(base.Mean)
	}
	s := v.Readings[m.Name]
	if len(s.Values) == 0 {
		return row
	}
	latest := s.Values[len(s.Values)-1]
	row[1] = report.Number(latest)
	if normal {
		row[3] = change(latest, base.Mean)
	}
	// A reading that stays away is no good news: say how old the last one is.
	if age := v.Now.Sub(s.At); age > max(3*v.Document.Baseline.Every.Of(), 3*time.Second) {
		row[3] = inked(ansi.Yellow, rounded(age)+" old")
	}
	return row
}

// change is by how much v left the mean, which says nothing where that is 0.
func change(v, mean float64) string {
	if mean == 0 && v != 0 {
		return absentee
	}
	percent := 0.0
	if v != mean {
		percent = math.Round(100 * (v - mean) / math.Abs(mean))
	}
	if percent == 0 {
		return "0 %" // and neither +0 nor -0
	}
	return fmt.Sprintf("%+.0f %%", percent)
}

// spark draws the last readings from 0 to the highest of them, so that a flat
// line at full height is a metric that does not move.
func spark(values []float64, columns int) string {
	values = values[max(len(values)-columns, 0):]
	if len(values) == 0 {
		return ""
	}
	levels := []rune("▁▂▃▄▅▆▇█")
	low, high := min(slices.Min(values), 0), max(slices.Max(values), 0)
	var b strings.Builder
	for _, v := range values {
		level := 0
		if high > low && !math.IsNaN(v) {
			level = int(math.Round((v - low) / (high - low) * float64(len(levels)-1)))
		}
		b.WriteRune(levels[max(min(level, len(levels)-1), 0)])
	}
	return b.String()
}
