package spec

import (
	"cmp"
	"time"
)

// The methodology's numbers, which hold where a document says nothing.
const (
	DefaultBaseline        = Duration(300 * time.Second)
	DefaultEvery           = Duration(10 * time.Second)
	DefaultTolerance       = 0.10
	DefaultMaxFaultLife    = Duration(300 * time.Second)
	DefaultRecoveryTimeout = Duration(300 * time.Second)
	DefaultTriggerGrace    = Duration(30 * time.Second)
)

// ShortestLease is the least that a publisher_lease may be: its word goes
// through Kafka.
const ShortestLease = Duration(5 * time.Second)

// ShortestEvery is how often metrics are read at most.
const ShortestEvery = Duration(500 * time.Millisecond)

// MethodologyTriggers are the three rollback triggers that apply unless a
// document names its own.
func MethodologyTriggers() []Rule {
	return []Rule{
		{Name: "error_rate_above_20_percent", Expr: "error_rate > 0.20"},
		{Name: "availability_below_95_percent", Expr: "availability < 0.95"},
		{Name: "response_time_above_5_seconds", Expr: "response_time > 5.0"},
	}
}

// WithDefaults fills in what the author left out.
func (d Document) WithDefaults() Document {
	if d.Triggers == nil {
		d.Triggers = MethodologyTriggers()
	}
	d.BlastRadius = cmp.Or(d.BlastRadius, Isolated)
	d.Baseline = Baseline{
		Duration:  cmp.Or(d.Baseline.Duration, DefaultBaseline),
		Every:     cmp.Or(d.Baseline.Every, DefaultEvery),
		Tolerance: cmp.Or(d.Baseline.Tolerance, DefaultTolerance),
	}
	d.Limits = Limits{
		MaxFaultLife:    cmp.Or(d.Limits.MaxFaultLife, DefaultMaxFaultLife),
		RecoveryTimeout: cmp.Or(d.Limits.RecoveryTimeout, DefaultRecoveryTimeout),
		TriggerGrace:    cmp.Or(d.Limits.TriggerGrace, DefaultTriggerGrace),
		PublisherLease:  d.Limits.PublisherLease,
	}
	if d.Impact != nil && d.Impact.Within == 0 {
		impact := *d.Impact
		impact.Within = d.Limits.MaxFaultLife
		d.Impact = &impact
	}
	return d
}
