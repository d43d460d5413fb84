package radius

import (
	"context"
	"slices"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/spec"
)

const (
	// rate is the metric that says how busy the system is.
	rate = "ingestion_rate"
	// week is how far back its median looks.
	week = 7 * 24 * time.Hour
	// measureWithin bounds how long one reading is waited for: a rate is there
	// once its window, mostly 10 s, is full.
	measureWithin = 30 * time.Second
	readWithin    = time.Minute
)

// Meter measures the traffic: now by sampling, and the week before by the
// readings that experiments left in the log.
type Meter struct {
	Clock  conduct.Clock
	Reader handlers.Reader
	Topic  string // of the readings
}

// Traffic leaves out what it could not read.
func (m Meter) Traffic(ctx context.Context, p spec.Platform) events.Traffic {
	var out events.Traffic
	if _, ok := p.Metrics[rate]; !ok {
		return out
	}
	out.IngestionRate = m.now(ctx, p)
	out.WeekMedian = m.median(ctx)
	return out
}

func (m Meter) now(ctx context.Context, p spec.Platform) *float64 {
	ctx, stop := context.WithTimeout(ctx, measureWithin)
	defer stop()
	var found *float64
	w := conduct.Watch{Platform: p, Document: spec.Document{Baseline: spec.Baseline{Every: spec.Duration(time.Second)}}, Metrics: []string{rate}}
	err := m.Clock.Watch(ctx, w, func(t events.Tick) {
		for _, r := range t.Readings {
			if r.Metric == rate && found == nil {
				found = &r.Value
				stop()
			}
		}
	})
	if err != nil {
		return nil
	}
	return found
}

func (m Meter) median(ctx context.Context) *float64 {
	ctx, stop := context.WithTimeout(ctx, readWithin)
	defer stop()
	ends, err := m.Reader.EndOffsets(ctx, m.Topic)
	if err != nil {
		return nil
	}
	var values []float64
	since := time.Now().Add(-week)
	err = m.Reader.ReadTo(ctx, m.Topic, nil, ends, func(records []bus.Record) error {
		for _, rec := range records {
			t, err := handlers.ReadTick(rec)
			if err != nil || t.At.Before(since) {
				continue // a dead letter, or too old
			}
			for _, r := range t.Readings {
				if r.Metric == rate {
					values = append(values, r.Value)
				}
			}
		}
		return nil
	})
	if err != nil || len(values) == 0 {
		return nil
	}
	return middle(values)
}

func middle(values []float64) *float64 {
	slices.Sort(values)
	half := len(values) / 2
	median := values[half]
	if len(values)%2 == 0 {
		median = (values[half-1] + values[half]) / 2
	}
	return &median
}
