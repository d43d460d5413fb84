package halt

import (
	"cmp"
	"crypto/rand"
	"time"

	"github.com/k2-platform/faultline/internal/wallclock"
	"github.com/k2-platform/faultline/spec"
)

// Order stops one experiment, or all of them. An order that arrives always
// stops, whatever its age.
type Order struct {
	ID         string            `json:"id"`
	Experiment spec.ExperimentID `json:"experiment,omitempty"` // empty: all, and nothing new until a resume
	// Cause is halt where a person asked, trigger where a rollback trigger
	// fired. Why is the reason, or the rule.
	Cause string    `json:"cause"`
	By    string    `json:"by"`
	Why   string    `json:"why,omitempty"`
	At    time.Time `json:"at"`
}

// The causes of an order; they are causes of rollbacks, too.
const (
	ByOperator = "halt"
	ByTrigger  = "trigger"
)

// All says whether the order is for every experiment.
func (o Order) All() bool { return o.Experiment == "" }

// complete fills in what a short order leaves out.
func (o Order) complete() Order {
	o.ID = cmp.Or(o.ID, "halt-"+rand.Text()[:10])
	o.Cause = cmp.Or(o.Cause, ByOperator)
	o.By = cmp.Or(o.By, "unknown")
	if o.At.IsZero() {
		o.At = wallclock.Now()
	}
	return o
}

// Resume lifts the latch that an order for all has set. It names that order,
// so that an old resume, or one sent twice, lifts nothing.
type Resume struct {
	Order string    `json:"order"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

// Answer is what an agent says of an order, once it has done what it could.
type Answer struct {
	Agent    string   `json:"agent"`
	Instance string   `json:"instance"`
	Undone   int      `json:"undone"`
	Failed   []string `json:"failed,omitempty"` // receipt: why
	// Latched is the id of the order that latches the agent, if one does.
	Latched string `json:"latched,omitempty"`
}
