// Package observe takes readings: the mirror image of faults. It judges
// nothing, keeps no baseline and starts no goroutine of its own; when to
// sample is its caller's decision.
package observe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/k2-platform/faultline/events"
)

// Reading is one number with the time it was taken. From a sampler that is as
// time.Now gives it, with its monotonic part: whoever keeps it places it on a
// clock that is not set meanwhile.
type Reading = events.Reading

// Sampler takes readings. What could not be measured is absent from the
// readings and named, with the reason, in the error: no reading is not zero.
// Readings and an error may come together. A sampler is used by one goroutine
// at a time.
type Sampler interface {
	Sample(ctx context.Context) ([]Reading, error)
}

// MetricError says why one metric has no reading.
type MetricError struct {
	Metric string
	Err    error
}

// Error names the metric and the reason.
func (e *MetricError) Error() string { return fmt.Sprintf("sampling %s: %v", e.Metric, e.Err) }

// Unwrap gives the reason.
func (e *MetricError) Unwrap() error { return e.Err }

// Missing collects the names of all metrics that err says have no reading.
func Missing(err error) []string {
	if err == nil {
		return nil
	}
	var out []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			out = append(out, Missing(e)...)
		}
	} else if m, ok := errors.AsType[*MetricError](err); ok {
		out = append(out, m.Metric)
	}
	return out
}

// taken gathers the readings of one Sample call. A metric without a name was
// not asked for.
type taken struct {
	at       time.Time
	readings []Reading
	problems []error
}

// add takes a number. One that is none, or not finite, is missing: it could not
// even be written down.
func (t *taken) add(metric string, value float64) {
	switch {
	case metric == "":
	case math.IsNaN(value) || math.IsInf(value, 0):
		t.miss(fmt.Errorf("it is %v", value), metric)
	default:
		t.readings = append(t.readings, Reading{Metric: metric, Value: value, At: t.at})
	}
}

func (t *taken) miss(err error, metrics ...string) {
	for _, m := range metrics {
		if m != "" {
			t.problems = append(t.problems, &MetricError{Metric: m, Err: err})
		}
	}
}

func (t *taken) result() ([]Reading, error) { return t.readings, errors.Join(t.problems...) }

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

func orElse(d, zero time.Duration) time.Duration {
	if d == 0 {
		return zero
	}
	return d
}

func notNegative(what string, d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("checking sampler: %s is %s; write a positive duration", what, d)
	}
	return nil
}

func needed(what, value string) error {
	if value == "" {
		return fmt.Errorf("checking sampler: %s is empty; it is needed", what)
	}
	return nil
}
