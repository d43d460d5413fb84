package chaostest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// Monitor is the methodology's SteadyStateMonitor. It measures nothing itself: a
// control experiment (kind none) has Faultline read the metrics, and the health
// of the platform's services as healthy.<service>.
type Monitor struct {
	Baseline map[string]float64 // mean of each metric

	control *Fault
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu     sync.Mutex
	latest map[string]events.Reading
}

// Monitor watches metrics until the end of the test, and has taken a baseline of
// them when it returns. Without metrics it watches the methodology's five, as
// far as the platform has them.
func (c *Chaos) Monitor(baseline, every time.Duration, metrics ...string) *Monitor {
	c.t.Helper()
	m, err := c.monitor(context.Background(), baseline, every, metrics)
	if err != nil {
		c.t.Fatalf("chaos: watching the steady state: %v", err)
	}
	return m
}

func (c *Chaos) monitor(ctx context.Context, baseline, every time.Duration, metrics []string) (*Monitor, error) {
	if len(metrics) == 0 {
		metrics = slices.DeleteFunc([]string{"ingestion_rate", "query_latency_p95", "error_rate", "memory_usage", "cpu_usage"},
			func(name string) bool { _, ok := c.platform.Metrics[name]; return !ok })
	}
	if len(metrics) == 0 || len(c.platform.Targets) == 0 {
		return nil, fmt.Errorf("%w: the platform %s has no metric, or no target, to watch", ErrRefused, c.platform.Name)
	}
	m := &Monitor{Baseline: map[string]float64{}, latest: map[string]events.Reading{}}
	m.control = &Fault{ID: spec.ExperimentID("chaostest-monitor-" + uuid.NewString()), Document: c.control(baseline, every, metrics), pipeline: c.pipeline}
	watching, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.done.Go(func() {
		if err := c.pipeline.Watch(watching, m.control.ID, m.take); err != nil && watching.Err() == nil {
			c.t.Logf("chaos: %v", err)
		}
	})
	c.monitors = append(c.monitors, m)
	if err := m.control.schedule(ctx); err != nil {
		return nil, err
	}
	c.keeper.add(m.control)
	if err := m.control.awaitInjected(ctx, baseline+warmUp); err != nil {
		return nil, err
	}
	for _, name := range metrics {
		if d, ok := m.control.state().Baseline.Metrics[name]; ok && d.N > 0 {
			m.Baseline[name] = d.Mean
		}
	}
	return m, nil
}

// control is a document that breaks nothing and reads metrics.
func (c *Chaos) control(baseline, every time.Duration, metrics []string) spec.Document {
	doc := c.document("none", slices.Sorted(maps.Keys(c.platform.Targets))[0], nil, options{replaced: true})
	doc.Title, doc.Books, doc.Hypothesis.Tolerates = "steady state, of "+c.t.Name(), "", nil
	doc.Hypothesis.SteadyState, doc.Hypothesis.Healthy = nil, slices.Sorted(maps.Keys(c.platform.Services))
	for _, name := range metrics {
		doc.Hypothesis.SteadyState = append(doc.Hypothesis.SteadyState, known(name))
	}
	doc.Baseline.Duration, doc.Baseline.Every = spec.Duration(baseline), spec.Duration(min(every, baseline))
	doc.Limits.MaxFaultLife = spec.Duration(time.Hour)
	return doc
}

func (m *Monitor) take(t events.Tick) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range t.Readings {
		m.latest[r.Metric] = r
	}
}

// old is the age from which a reading says nothing of now.
const old = 15 * time.Second

// Current is the newest reading of each metric. What was not read for a while is
// not there.
func (m *Monitor) Current() map[string]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var newest time.Time
	for _, r := range m.latest {
		if r.At.After(newest) {
			newest = r.At
		}
	}
	out := map[string]float64{}
	for name, r := range m.latest {
		if newest.Sub(r.At) < old { // of one clock, which need not be ours
			out[name] = r.Value
		}
	}
	return out
}

// Verify says what is not as it was: a metric that left its baseline by more
// than a share, or that was not read, and a service that is not healthy. A
// baseline of 0 is taken as 1 for the share.
func (m *Monitor) Verify(tolerance float64) error {
	now := m.Current()
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(m.Baseline)) {
		was := m.Baseline[name]
		value, ok := now[name]
		off := math.Abs(value-was) / max(math.Abs(was), math.SmallestNonzeroFloat64)
		if was == 0 {
			off = math.Abs(value)
		}
		switch {
		case !ok:
			problems = append(problems, fmt.Errorf("metric %s was not read", name))
		case off > tolerance:
			problems = append(problems, fmt.Errorf("metric %s is %g and was %g", name, value, was))
		}
	}
	for _, service := range m.control.Document.Hypothesis.Healthy {
		if now["healthy."+service] != 1 {
			problems = append(problems, fmt.Errorf("%s is not healthy", service))
		}
	}
	return errors.Join(problems...)
}

// close ends the control experiment.
func (m *Monitor) close(ctx context.Context) error {
	m.stop()
	m.done.Wait()
	if m.control.state().Phase == experiment.Absent {
		return nil
	}
	return m.control.end(ctx)
}
