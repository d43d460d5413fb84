package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/progress"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/spec"
)

// quiet is how long nothing but readings may pass before a line tells of them.
const quiet = 5 * time.Second

// plain prints a run as lines, for files, pipes and whoever asks for them.
type plain struct {
	mu      sync.Mutex
	out     io.Writer
	json    bool
	id      spec.ExperimentID
	doc     spec.Document
	began   time.Time
	last    time.Time // line of readings
	session *session
	latest  map[string]float64
	shown   []string // metrics that a line names
}

func (r *liveRun) plain(doc spec.Document) *plain {
	return &plain{out: r.out, json: r.json, id: r.id, doc: doc, session: r.session, latest: map[string]float64{}, shown: spoken(doc)}
}

// spoken lists the metrics that the rules of a document name, as they come.
func spoken(doc spec.Document) []string {
	var text strings.Builder
	if doc.Impact != nil {
		text.WriteString(doc.Impact.Rule + " ")
	}
	for _, r := range slices.Concat(doc.Hypothesis.SteadyState, doc.Hypothesis.Maintains) {
		text.WriteString(r.Expr + " ")
	}
	var out []string
	for _, word := range strings.FieldsFunc(text.String(), func(c rune) bool {
		return c != '_' && c != '.' && (c < 'a' || c > 'z') && (c < '0' || c > '9')
	}) {
		name := strings.TrimPrefix(word, "baseline.")
		name, _, _ = strings.Cut(name, ".")
		if name != "" && name[0] >= 'a' && name[0] <= 'z' && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (p *plain) say(line string) {
	if p.json {
		return
	}
	fmt.Fprintf(p.out, "%7s  %s\n", report.Clock(time.Since(p.began)), line) //nolint:errcheck // a closed terminal stops nothing
}

func (p *plain) begin(id spec.ExperimentID, doc spec.Document) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id, p.began, p.last = id, time.Now(), time.Now()
	if !p.json {
		fmt.Fprintf(p.out, "experiment %s\n%s\n\n", id, doc.Sentence()) //nolint:errcheck // a closed terminal stops nothing
	}
}

// accepted prints the events of a batch.
func (p *plain) accepted(a handlers.Accepted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.Batch.Experiment != p.id {
		return
	}
	for _, e := range a.Batch.Events {
		p.say(report.Line(e))
	}
	p.last = time.Now()
}

func (p *plain) tick(t events.Tick) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range t.Readings {
		p.latest[r.Metric] = r.Value
	}
}

// beat prints a line of readings when nothing else was printed for a while.
func (p *plain) beat(s experiment.State, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.last) < quiet {
		return
	}
	p.last = now
	line := s.Phase.String()
	if s.AwaitsApproval() {
		line += ", waits for a second person: faultline approve " + string(s.ID)
	}
	if left, _ := progress.Left(s, now); left > 0 {
		line += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	var parts []string
	for _, name := range p.shown {
		v, ok := p.latest[name]
		if !ok {
			continue
		}
		part := name + " " + report.Number(v)
		if d, ok := s.Baseline.Metrics[name]; ok && d.N > 0 {
			part += " (baseline " + report.Number(d.Mean) + ")"
		}
		parts = append(parts, part)
	}
	p.say(strings.Join(append([]string{line}, parts...), " · "))
}

func (p *plain) end(s experiment.State) {
	if p.json {
		_ = report.Show(p.out, report.JSON, s, p.session.batches())
		return
	}
	fmt.Fprintf(p.out, "\n%s\nmore: faultline show %s\n", report.Outcome(s), s.ID) //nolint:errcheck // a closed terminal stops nothing
}

func (p *plain) close() {}
