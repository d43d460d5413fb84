package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/plot"
	"github.com/k2-platform/faultline/internal/progress"
	"github.com/k2-platform/faultline/spec"
)

// draw writes the course of an experiment to an SVG file.
func (s *session) draw(ctx context.Context, file string, state experiment.State) error {
	ticks, err := s.ticks(ctx, state.ID)
	if err != nil {
		return fmt.Errorf("reading what was measured of experiment %s: %w", state.ID, err)
	}
	platform, err := loadPlatform(s.Settings.PlatformOrDefault())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // without a platform metrics have no units
	}
	chart := chartOf(state, s.batches(), ticks, progress.Named(state.Document.WithDefaults(), platform))
	if err := os.WriteFile(file, chart.SVG(), 0o600); err != nil {
		return fmt.Errorf("writing the plot: %w", err)
	}
	return nil
}

// ticks reads all that was measured of an experiment.
func (s *session) ticks(ctx context.Context, id spec.ExperimentID) ([]events.Tick, error) {
	topic := s.Bus.Topics().Readings
	from, err := s.Bus.StartOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	to, err := s.Bus.EndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	var out []events.Tick
	err = s.Bus.ReadTo(ctx, topic, from, to, func(records []bus.Record) error {
		for _, r := range records {
			if t, err := handlers.ReadTick(r); err == nil && t.Experiment == id { // others are dead letters' business
				out = append(out, t)
			}
		}
		return nil
	})
	return out, err
}

// chartOf is the experiment's course: what was measured of the metrics that its
// rules name, while each fault was seen, and what came of it.
func chartOf(s experiment.State, batches []events.Batch, ticks []events.Tick, metrics []progress.Metric) plot.Chart {
	since := func(t time.Time) time.Duration { return t.Sub(s.Scheduled) }
	c := plot.Chart{Title: s.Document.Title, Subtitle: string(s.ID) + ", " + s.Scheduled.UTC().Format(time.DateTime) + " UTC: " + s.Verdict.String()}
	points := map[string][]plot.Point{}
	for _, t := range ticks {
		c.Length = max(c.Length, since(t.At))
		for _, r := range t.Readings {
			points[r.Metric] = append(points[r.Metric], plot.Point{At: since(r.At), Value: r.Value})
		}
	}
	for _, m := range metrics {
		c.Series = append(c.Series, plot.Series{Name: m.Name, Unit: m.Unit, Points: points[m.Name]})
	}
	seen, kinds := map[spec.StepID]int{}, map[spec.StepID]string{}
	rolledBack := time.Duration(-1)
	for _, b := range batches {
		at := since(b.At)
		c.Length = max(c.Length, at)
		for _, e := range b.Events {
			switch e := e.(type) {
			case events.FaultInjectionRequested:
				kinds[e.Step] = fmt.Sprintf("%s on %s", e.Fault.Kind, e.Fault.Target)
			case events.FaultInjected:
				seen[e.Step] = len(c.Spans)
				c.Spans = append(c.Spans, plot.Span{Label: kinds[e.Step], From: at, To: -1})
			case events.FaultRolledBack:
				if i, ok := seen[e.Step]; ok {
					c.Spans[i].To = at
				}
				rolledBack = at
				c.Marks = append(c.Marks, plot.Mark{Label: fmt.Sprintf("%s rolled back", e.Step), At: at})
			case events.RollbackTriggered:
				c.Marks = append(c.Marks, plot.Mark{Label: "rollback trigger " + e.Rule, At: at})
			case events.RecoveryMeasured:
				if e.Recovered && e.FromRollback != nil && rolledBack >= 0 {
					c.Marks = append(c.Marks, plot.Mark{Label: "recovered", At: rolledBack + time.Duration(*e.FromRollback)})
				}
			case events.ApprovalRequested, events.BaselineEstablished, events.BaselineStarted, events.BlastRadiusDecided, events.BooksClosed,
				events.ClaimJudged, events.CommandRefused, events.Concluded, events.ExperimentApproved, events.ExperimentDenied,
				events.ExperimentKept, events.ExperimentScheduled, events.FaultInjectionFailed, events.NoteAdded, events.RequestRefused,
				events.RollbackRequested, events.RollbackStuck: // words, and no moments of the course
			}
		}
	}
	for i := range c.Spans {
		if c.Spans[i].To < 0 {
			c.Spans[i].To = c.Length // still there
		}
	}
	return c
}
