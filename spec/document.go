package spec

// Document is one experiment as its author writes it: what is broken, what
// the system is claimed to keep, and by when it is back. The same shape is
// YAML in a file and JSON on the wire.
type Document struct {
	Faultline   string             `yaml:"faultline" json:"faultline" jsonschema:"enum=v1"`
	Title       string             `yaml:"title" json:"title"`
	Description string             `yaml:"description" json:"description,omitempty"`
	System      string             `yaml:"system" json:"system"`
	Environment string             `yaml:"environment" json:"environment" jsonschema:"enum=development,enum=staging,enum=test,enum=production"`
	BlastRadius Radius             `yaml:"blast_radius" json:"blast_radius,omitempty"`
	Labels      map[string]string  `yaml:"labels" json:"labels,omitempty"`
	Hypothesis  Hypothesis         `yaml:"hypothesis" json:"hypothesis"`
	Impact      *Impact            `yaml:"expected_impact" json:"expected_impact,omitempty"`
	Steps       []Step             `yaml:"steps" json:"steps"`
	Triggers    []Rule             `yaml:"rollback_when" json:"rollback_when,omitzero"` // empty: none; nil: the default ones
	Baseline    Baseline           `yaml:"baseline" json:"baseline"`
	Limits      Limits             `yaml:"limits" json:"limits"`
	Books       string             `yaml:"books" json:"books,omitempty"`
	Metrics     map[string]Metric  `yaml:"metrics" json:"metrics,omitempty"`
	Profiles    map[string]Profile `yaml:"profiles" json:"profiles,omitempty"`
}

// Hypothesis is what is claimed: rules that hold while the fault is there,
// rules that hold before it and again after it, by when, and the loss allowed.
type Hypothesis struct {
	Claim          string   `yaml:"claim" json:"claim"`
	Maintains      []Rule   `yaml:"maintains" json:"maintains,omitempty"`
	SteadyState    []Rule   `yaml:"steady_state" json:"steady_state"`
	RecoversWithin Duration `yaml:"recovers_within" json:"recovers_within"`
	Healthy        []string `yaml:"healthy" json:"healthy,omitempty"`
	Tolerates      *Loss    `yaml:"tolerates" json:"tolerates,omitempty"`
}

// Loss is how much of the data may go missing or wrong, counted record by
// record.
type Loss struct {
	// Fraction is (taken - stored - dead-lettered - shed) / taken, from 0 to 1.
	Fraction float64 `yaml:"loss_fraction" json:"loss_fraction"`
	// Acked is how many records may be lost after they were acknowledged.
	Acked int64 `yaml:"lost_acked" json:"lost_acked"`
	// Altered is how many may be stored otherwise than they were sent.
	Altered int64 `yaml:"altered" json:"altered,omitempty"`
	// FalseRejects is how many dead letters may be of records that no fault
	// touched; nil is any number.
	FalseRejects *int64 `yaml:"false_rejects" json:"false_rejects,omitempty"`
}

// Impact is what the fault is expected to do. Where it is not seen the
// verdict is inconclusive: a fault that does nothing proves nothing.
type Impact struct {
	Rule     string   `yaml:"rule" json:"rule"`
	Within   Duration `yaml:"within" json:"within,omitempty"`
	Optional bool     `yaml:"optional" json:"optional,omitempty"`
}

// Rule is a CEL expression with a name to call it by. In a document it may
// be plain text; then the expression is its name.
type Rule struct {
	Name string `yaml:"name" json:"name,omitempty"`
	Expr string `yaml:"rule" json:"rule"`
}

func (r *Rule) readScalar(text string) { r.Expr = text }

// Label is the rule's name, or its expression where it has none.
func (r Rule) Label() string {
	if r.Name != "" {
		return r.Name
	}
	return r.Expr
}

// Step is one fault, for how long, and what it waits for.
type Step struct {
	ID    StepID `yaml:"id" json:"id"`
	Fault Fault  `yaml:"fault" json:"fault"`
	// For is how long the fault stays once it was seen; zero is until the
	// experiment ends, never longer than limits.max_fault_life.
	For Duration `yaml:"for" json:"for,omitempty"`
	// After names the steps that must be over first: gone where they have a
	// time, seen where they stay. Absent means the step before in the list, an
	// empty list means at once.
	After *[]StepID `yaml:"after" json:"after,omitempty"`
}

// Fault is the thing done to a target.
type Fault struct {
	Kind   string            `yaml:"kind" json:"kind"`
	Target TargetName        `yaml:"target" json:"target"`
	With   map[string]string `yaml:"with" json:"with,omitempty"`
}

// Baseline says how long and how often metrics are read before injection.
type Baseline struct {
	Duration Duration `yaml:"duration" json:"duration,omitempty"`
	Every    Duration `yaml:"every" json:"every,omitempty"`
	// Tolerance is the share by which a metric may leave its baseline.
	Tolerance float64 `yaml:"tolerance" json:"tolerance,omitempty"`
}

// Limits bound what an experiment may take.
type Limits struct {
	MaxFaultLife    Duration `yaml:"max_fault_life" json:"max_fault_life,omitempty"`
	RecoveryTimeout Duration `yaml:"recovery_timeout" json:"recovery_timeout,omitempty"`
	// TriggerGrace is how long a rollback trigger may be unknown.
	TriggerGrace Duration `yaml:"trigger_grace" json:"trigger_grace,omitempty"`
	// PublisherLease is for how long the publisher may be silent before its
	// experiment is aborted; zero: it need not speak.
	PublisherLease Duration `yaml:"publisher_lease" json:"publisher_lease,omitempty"`
}

// Profile is a set of other times for the same experiment.
type Profile struct {
	Baseline       Baseline            `yaml:"baseline" json:"baseline"`
	Limits         Limits              `yaml:"limits" json:"limits"`
	RecoversWithin Duration            `yaml:"recovers_within" json:"recovers_within,omitempty"`
	ImpactWithin   Duration            `yaml:"impact_within" json:"impact_within,omitempty"`
	For            map[StepID]Duration `yaml:"for" json:"for,omitempty"`
}
