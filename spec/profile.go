package spec

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// WithProfile returns the document with the times of one of its profiles.
// The empty name is the document as it stands.
func (d Document) WithProfile(name string) (Document, error) {
	if name == "" {
		return d, nil
	}
	p, ok := d.Profiles[name]
	if !ok {
		known := slices.Collect(maps.Keys(d.Profiles))
		return d, fmt.Errorf("profile %q is not in the document; %s", name, DidYouMean(name, known))
	}
	d.Baseline = Baseline{
		Duration:  cmp.Or(p.Baseline.Duration, d.Baseline.Duration),
		Every:     cmp.Or(p.Baseline.Every, d.Baseline.Every),
		Tolerance: cmp.Or(p.Baseline.Tolerance, d.Baseline.Tolerance),
	}
	d.Limits = Limits{
		MaxFaultLife:    cmp.Or(p.Limits.MaxFaultLife, d.Limits.MaxFaultLife),
		RecoveryTimeout: cmp.Or(p.Limits.RecoveryTimeout, d.Limits.RecoveryTimeout),
		TriggerGrace:    cmp.Or(p.Limits.TriggerGrace, d.Limits.TriggerGrace),
		PublisherLease:  cmp.Or(p.Limits.PublisherLease, d.Limits.PublisherLease),
	}
	d.Hypothesis.RecoversWithin = cmp.Or(p.RecoversWithin, d.Hypothesis.RecoversWithin)
	if d.Impact != nil && p.ImpactWithin != 0 {
		impact := *d.Impact
		impact.Within = p.ImpactWithin
		d.Impact = &impact
	}
	d.Steps = slices.Clone(d.Steps)
	for i, s := range d.Steps {
		d.Steps[i].For = cmp.Or(p.For[s.ID], s.For)
	}
	return d, nil
}
