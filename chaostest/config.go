package chaostest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/k2-platform/faultline/spec"
)

// Config says where the pipeline is and what holds for every fault of a
// context. The zero value finds the pipeline as the command line does, and has
// the methodology's numbers.
type Config struct {
	Settings Where
	// Pipeline is used, and not closed, in the place of what Settings name.
	Pipeline Pipeline
	// Platform is used in the place of the file that the settings name.
	Platform *spec.Platform

	BlastRadius spec.Radius   // default isolated
	Timeout     spec.Duration // life of a fault, and wait for recovery; default 300 s
	// Lease is how long a test process may be silent before its faults are
	// undone; default 30 s.
	Lease           spec.Duration
	Baseline, Every spec.Duration // of each experiment; default 2 s and 500 ms
	Tolerance       float64       // share by which ingestion may stay below its baseline; default 0.10

	SteadyState  []spec.Rule // default: made from the platform's metrics
	RollbackWhen []spec.Rule // nil: the methodology's three, as far as the platform has their metrics
	Healthy      []string    // nil: all services of the platform
	Books        string      // whose records are counted
	Tolerates    *spec.Loss  // nil, with Books: no loss

	// Names says what is meant by a service's name, Links by a pair of them.
	Names map[string]spec.TargetName
	Links map[[2]string]spec.TargetName
	// Parameters of kinds hold unless a method is given others, such as
	// {"cpu.saturate": {"of": "host"}}.
	Parameters map[string]map[string]string
}

func (c Config) withDefaults(p spec.Platform) Config {
	c.BlastRadius = cmp.Or(c.BlastRadius, spec.Isolated)
	c.Timeout = cmp.Or(c.Timeout, spec.DefaultMaxFaultLife)
	c.Lease = cmp.Or(c.Lease, spec.Duration(30*time.Second))
	c.Baseline = cmp.Or(c.Baseline, spec.Duration(2*time.Second))
	c.Every = cmp.Or(c.Every, spec.ShortestEvery)
	c.Tolerance = cmp.Or(c.Tolerance, spec.DefaultTolerance)
	if c.SteadyState == nil {
		c.SteadyState = steadyState(p, c.Tolerance)
	}
	if c.RollbackWhen == nil {
		c.RollbackWhen = triggers(p)
	}
	if c.Healthy == nil {
		c.Healthy = slices.Sorted(maps.Keys(p.Services))
	}
	if c.Books != "" && c.Tolerates == nil {
		c.Tolerates = &spec.Loss{}
	}
	return c
}

func (c Config) platform() (spec.Platform, error) {
	if c.Platform != nil {
		return *c.Platform, nil
	}
	s, err := c.Settings.load()
	if err != nil {
		return spec.Platform{}, err
	}
	file := s.PlatformOrDefault()
	text, err := os.ReadFile(file) //nolint:gosec // the author of the test names it
	if err != nil {
		return spec.Platform{}, fmt.Errorf("reading the platform's description: %w; start the sandbox, or name another in $FAULTLINE_PLATFORM", err)
	}
	p, problems := spec.ParsePlatform(text)
	if len(problems) > 0 {
		return spec.Platform{}, fmt.Errorf("reading the platform's description from %s: %w", file, errors.Join(problems))
	}
	return p, nil
}
