package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/spec"
)

// quiet is how long nothing but readings may pass before a line tells of them.
const quiet = 5 * time.Second

// progress prints a run as plain lines.
type progress struct {
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

func (r *liveRun) progress(doc spec.Document) *progress {
	return &progress{out: r.out, json: r.json, id: r.id, doc: doc, session: r.session, latest: map[string]float64{}, shown: spoken(doc)}
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

// watchTicks reads the readings that come from now on.
func (r *liveRun) watchTicks(ctx context.Context, p *progress) (wait func() error, err error) {
	topic := r.bus.Topics().Readings
	ends, err := r.bus.EndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() {
		done <- r.bus.Read(ctx, topic, ends, func(records []bus.Record) error {
			for _, rec := range records {
				if t, err := handlers.ReadTick(rec); err == nil && t.Experiment == r.id {
					p.tick(t)
				}
			}
			return nil
		})
	}()
	return func() error {
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}, nil
}

func (p *progress) say(line string) {
	if p.json {
		return
	}
	fmt.Fprintf(p.out, "%7s  %s\n", report.Clock(time.Since(p.began)), line) //nolint:errcheck // a closed terminal stops nothing
}

func (p *progress) begin(id spec.ExperimentID, doc spec.Document) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id, p.began, p.last = id, time.Now(), time.Now()
	if !p.json {
		fmt.Fprintf(p.out, "experiment %s\n%s\n\n", id, doc.Sentence()) //nolint:errcheck // a closed terminal stops nothing
	}
}

// accepted prints the events of a batch.
func (p *progress) accepted(a handlers.Accepted) {
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

func (p *progress) tick(t events.Tick) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range t.Readings {
		p.latest[r.Metric] = r.Value
	}
}

// beat prints a line of readings when nothing else was printed for a while.
func (p *progress) beat(s experiment.State, now time.Time) {
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
	if left := timeLeft(s, now); left > 0 {
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

// timeLeft is how long the phase is planned to take from now on.
func timeLeft(s experiment.State, now time.Time) time.Duration {
	switch s.Phase {
	case experiment.Baselining:
		return s.Began.Add(time.Duration(s.Document.Baseline.Duration)).Sub(now)
	case experiment.Injecting, experiment.Injected:
		var last time.Duration
		for _, st := range s.Steps {
			if st.Phase == experiment.Present && st.For > 0 {
				last = max(last, st.Seen.Add(time.Duration(st.For)).Sub(now))
			}
		}
		return last
	case experiment.Recovering:
		return s.RolledBack.Add(time.Duration(s.Document.Limits.RecoveryTimeout)).Sub(now)
	case experiment.Absent, experiment.Scheduled, experiment.RollingBack, experiment.Concluded, experiment.Denied,
		experiment.Aborted, experiment.Stuck:
	}
	return 0
}

func (p *progress) end(s experiment.State) {
	if p.json {
		_ = report.Show(p.out, report.JSON, s, p.session.batches())
		return
	}
	fmt.Fprintf(p.out, "\n%s\nmore: faultline show %s\n", report.Outcome(s), s.ID) //nolint:errcheck // a closed terminal stops nothing
}
