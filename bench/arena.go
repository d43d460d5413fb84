package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/spec"
)

// arena is what is broken and measured: targets, a load of each, and the
// platform that describes them.
type arena struct {
	*herd
	meter    *meter
	platform string
}

func startArena(home string, n int) (_ *arena, err error) {
	a := &arena{platform: filepath.Join(home, "platform.yaml")}
	if a.herd, err = startHerd(home, n); err != nil {
		return nil, err
	}
	if a.meter, err = startMeter(n); err != nil {
		return nil, errors.Join(err, a.end())
	}
	p := spec.Platform{
		Version: "v1", Name: "bench", Environment: inTest,
		Targets: map[spec.TargetName]spec.Target{"meter": {Title: "what measures the load", Process: &spec.Process{Record: filepath.Join(home, "meter.json")}}},
		Metrics: map[string]spec.Metric{},
	}
	for i := range n {
		p.Targets[a.name(i)] = a.target(i)
		// What measures is no target, so that a pause of the target does not make its load unknown.
		p.Metrics[a.meter.metric(i)] = spec.Metric{Unit: "share", Needs: "meter", Scrape: &spec.ScrapeSource{URL: a.meter.url(i), Series: a.meter.metric(i)}}
	}
	text, err := yaml.Marshal(p)
	if err == nil {
		err = os.WriteFile(a.platform, text, 0o600)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("writing the platform: %w", err), a.close())
	}
	return a, nil
}

func (a *arena) close() error { return errors.Join(a.meter.close(), a.end()) }

// pausing is an experiment that pauses a target until its load is high.
func (a *arena) pausing(i int) spec.Document {
	metric := a.meter.metric(i)
	return spec.Document{
		Faultline: "v1", Title: "Pause", System: "bench", Environment: inTest,
		Hypothesis: spec.Hypothesis{
			Claim: "the load stays low", SteadyState: []spec.Rule{{Expr: metric + " < 10.0"}}, RecoversWithin: spec.Duration(20 * time.Second),
		},
		Steps:    []spec.Step{{ID: "pause", Fault: spec.Fault{Kind: pause.Kind, Target: a.name(i)}, For: spec.Duration(2 * time.Minute)}},
		Triggers: []spec.Rule{{Name: "high", Expr: metric + " > 90.0"}},
		Baseline: spec.Baseline{Duration: 3 * oneBeat, Every: oneBeat},
		Limits:   spec.Limits{MaxFaultLife: spec.Duration(3 * time.Minute)},
	}
}

// cross raises a target's load and returns when that was first answered, and
// when the target went on.
func (a *arena) cross(ctx context.Context, i int) (crossed, gone time.Time, err error) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	select {
	case crossed = <-a.meter.raise(i):
	case <-ctx.Done():
		return crossed, gone, fmt.Errorf("waiting for somebody to ask for %s: %w", a.meter.metric(i), ctx.Err())
	}
	gone, err = a.await(ctx, i, false)
	return crossed, gone, err
}
