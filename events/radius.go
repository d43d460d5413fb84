package events

import (
	"time"

	"github.com/k2-platform/faultline/spec"
)

// BlastRadiusDecided says whether an experiment may touch what it names, by
// which rules, and what they were judged on. The zero value denies.
type BlastRadiusDecided struct {
	Allowed bool `json:"allowed"`
	// NeedsApproval says that a second person is asked. Without Allowed nobody
	// approved yet, and nothing else stands against it.
	NeedsApproval bool         `json:"needs_approval,omitempty"`
	Policy        string       `json:"policy"`
	Reasons       []string     `json:"reasons,omitempty"`  // why it is not allowed
	Warnings      []string     `json:"warnings,omitempty"` // what the policy only warns of
	Rules         []RadiusRule `json:"rules"`
	Inputs        RadiusInputs `json:"inputs"`
}

// RadiusRule is what one rule of the policy said. Only Holds lets through.
type RadiusRule struct {
	Name    string   `json:"name"`
	Answer  Answer   `json:"answer"`
	Why     string   `json:"why,omitempty"`
	Missing []string `json:"missing,omitempty"` // inputs that it needed
	Warns   bool     `json:"warns,omitempty"`   // it does not deny
}

// RadiusInputs is all that a decision is made of. What could not be found out
// is absent, which is never the same as none.
type RadiusInputs struct {
	Experiment  spec.ExperimentID `json:"experiment,omitempty"`
	Title       string            `json:"title"`
	System      string            `json:"system"`
	Environment string            `json:"environment"`
	BlastRadius spec.Radius       `json:"blast_radius"`
	Labels      map[string]string `json:"labels,omitempty"`
	Requester   string            `json:"requester"`
	IKnow       bool              `json:"i_know,omitempty"`
	ApprovedBy  string            `json:"approved_by,omitempty"`
	At          time.Time         `json:"at"`
	// AtOnce is the most faults that its steps can have in place at the same
	// time; PerTarget the same for each target.
	AtOnce    int                     `json:"at_once"`
	PerTarget map[spec.TargetName]int `json:"per_target,omitempty"`
	Faults    []RadiusFault           `json:"faults"`
	Live      *LiveFaults             `json:"live,omitempty"`
	Traffic   Traffic                 `json:"traffic"`
}

// RadiusFault is one step of the document as the policy sees it.
type RadiusFault struct {
	Step   spec.StepID     `json:"step"`
	Kind   string          `json:"kind"`
	Risk   string          `json:"risk"`
	Target spec.TargetName `json:"target"`
	// Members are the targets that it breaks; for a target that is no group,
	// the target itself.
	Members []spec.TargetName `json:"members"`
	// Harmless is a control: nothing is done to the target.
	Harmless bool `json:"harmless,omitempty"`
	// Serves says that the target goes on serving under the fault.
	Serves bool `json:"serves,omitempty"`
	// UpheldSmaller counts the experiments that ended upheld and had a fault of
	// lower risk on this target.
	UpheldSmaller *int          `json:"upheld_smaller,omitempty"`
	Brokers       []BrokerGroup `json:"brokers,omitempty"`
}

// BrokerGroup is the group of a broker that a fault breaks.
type BrokerGroup struct {
	Name    spec.TargetName   `json:"name"`
	Members []spec.TargetName `json:"members"`
	// Healthy are the members that answer; absent where nobody could ask.
	Healthy *[]spec.TargetName `json:"healthy,omitempty"`
}

// LiveFaults counts the faults of the other experiments: those in place, on
// their way in or out, and those that an experiment that has begun is still to
// inject, as many as can be in place at once.
type LiveFaults struct {
	Total     int                     `json:"total"`
	PerTarget map[spec.TargetName]int `json:"per_target,omitempty"`
}

// Traffic is how busy the system is.
type Traffic struct {
	IngestionRate *float64 `json:"ingestion_rate,omitempty"` // records/s now
	WeekMedian    *float64 `json:"week_median,omitempty"`    // of the last seven days
}

// ApprovalRequested says that the experiment waits for a second person.
type ApprovalRequested struct {
	Reasons []string `json:"reasons"`
}

// ExperimentApproved says that a second person lets the experiment run.
type ExperimentApproved struct {
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
}

func (BlastRadiusDecided) isEvent() {}
func (ApprovalRequested) isEvent()  {}
func (ExperimentApproved) isEvent() {}
