package halt

import (
	"time"

	"github.com/k2-platform/faultline/spec"
)

// Owner is who leads the experiments: a controller's instance, in the epoch
// in which it became the owner. A later owner has a higher epoch.
type Owner struct {
	Controller string `json:"controller"`
	Epoch      uint64 `json:"epoch"`
}

// Instant is a moment on an agent's CLOCK_BOOTTIME: nobody can set that clock,
// and it means nothing on another boot.
type Instant struct {
	Boot string        `json:"boot"`
	At   time.Duration `json:"at_ns"`
}

// Request asks an agent to break a target.
type Request struct {
	Owner
	Experiment spec.ExperimentID `json:"experiment"`
	Step       spec.StepID       `json:"step"`
	Fault      spec.Fault        `json:"fault"`
	MaxLife    spec.Duration     `json:"max_life"` // undone then, whoever is alive
	Lease      spec.Duration     `json:"lease"`    // undone when the owner is silent for so long
	NotAfter   Instant           `json:"not_after"`
}

// Undo asks an agent to mend a target.
type Undo struct {
	Owner
	Experiment spec.ExperimentID `json:"experiment"`
	Step       spec.StepID       `json:"step"`
	Cause      string            `json:"cause"`
	Why        string            `json:"why,omitempty"`
}

// Status asks what became of a step's fault. An agent that has an answer for
// the log reports it again.
type Status struct {
	Experiment spec.ExperimentID `json:"experiment"`
	Step       spec.StepID       `json:"step"`
}

// Reply is what an agent says of a request, at once.
type Reply struct {
	State State  `json:"state"`
	Why   string `json:"why,omitempty"`
	// Final says that asking again gives the same answer.
	Final bool `json:"final,omitempty"`
}

// State is where a request stands. The zero value is Unanswered, which is no
// state to rely on.
type State string

// The states of a request.
const (
	Unanswered State = ""
	Working    State = "working" // accepted; a report follows
	There      State = "there"
	Gone       State = "gone" // undone, or never was and will not be
	Refused    State = "refused"
)
