package judging

import (
	"maps"
	"slices"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/observe"
	"github.com/k2-platform/faultline/rules"
)

// warmUp is how long the baseline waits for the first reading of each metric
// of its rules: a rate is there only after its window.
const warmUp = 30 * time.Second

// beat is the period of the clock that the ticks come from.
const beat = time.Second

// taking is the baseline while it is taken.
type taking struct {
	waiting time.Time // first tick
	began   time.Time // first tick of the baseline proper
	series  map[string][]float64
	seen    map[string]time.Time // reading that the series has
	windows []map[string]float64 // the last values of each window
}

func (j *Judge) takeBaseline(s experiment.State, t events.Tick) {
	b := &j.taking
	if j.owes(s, "baseline") {
		return
	}
	values := j.values(s, t, time.Time{})
	if b.waiting.IsZero() {
		b.waiting = t.At
		b.series, b.seen = map[string][]float64{}, map[string]time.Time{}
	}
	if b.began.IsZero() {
		if !j.warm(values) && t.At.Sub(b.waiting) < warmUp {
			return
		}
		b.began = t.At
	}
	if t.At.Sub(b.began) >= time.Duration(j.doc.Baseline.Duration) {
		j.closeBaseline(s, t)
		return
	}
	window := j.window(t.At.Sub(b.began))
	for len(b.windows) <= window {
		b.windows = append(b.windows, map[string]float64{})
	}
	maps.Copy(b.windows[window], values)
	for name, r := range j.latest {
		if _, ok := values[name]; ok && r.At.After(b.seen[name]) {
			b.series[name] = append(b.series[name], r.Value)
			b.seen[name] = r.At
		}
	}
}

// window is the number, from 0, of the window that a time of the baseline is
// in. None is shorter than a beat, or it would stay empty.
func (j *Judge) window(since time.Duration) int {
	length := max(time.Duration(j.doc.Baseline.Every), beat)
	last := (time.Duration(j.doc.Baseline.Duration) - 1) / length
	// Half a beat: a clock that is a little late does not leave a window empty.
	return int(min((since+beat/2)/length, last))
}

// warm says that each metric that a rule of the steady state speaks of was
// read.
func (j *Judge) warm(values map[string]float64) bool {
	return !slices.ContainsFunc(j.metrics, func(m string) bool {
		_, read := values[m]
		return !read && slices.ContainsFunc(j.steady, func(r rules.Rule) bool { return slices.ContainsFunc(r.Names(), speaksOf(m)) })
	})
}

// closeBaseline sums up, and judges each window by the whole.
func (j *Judge) closeBaseline(s experiment.State, t events.Tick) {
	metrics := map[string]events.Distribution{}
	for name, series := range j.taking.series {
		metrics[name] = observe.Summarize(series)
	}
	j.setBaseline(metrics)
	broken := 0
	for _, w := range j.taking.windows {
		values := maps.Clone(j.baseline)
		maps.Copy(values, w)
		if slices.ContainsFunc(j.steady, func(r rules.Rule) bool { return judge(r, values) != events.Holds }) {
			broken++
		}
	}
	j.owe(s, "baseline", t, commands.CompleteBaseline{Metrics: metrics, Windows: len(j.taking.windows), Broken: broken})
	j.taking = taking{}
}
