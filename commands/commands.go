// Package commands is the closed set of requests to an experiment, their
// envelope and codec. Any Go service that publishes commands imports it. It
// does no I/O and reads no clock.
package commands

import (
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// Command is a request to one experiment. It may be refused.
//
//sumtype:decl
type Command interface{ isCommand() }

// Envelope carries a command with what a decision may not take from the
// world: an identity, the time and who asks.
type Envelope struct {
	ID          string
	Experiment  spec.ExperimentID
	At          time.Time
	By          string
	TraceParent string
	Command     Command
}

// Schedule asks to run a document. IKnow acknowledges that it starts with more
// risk than the target was seen to bear: it is the requester's word for this
// run, so it is not in the document.
type Schedule struct {
	Document spec.Document `json:"document"`
	IKnow    bool          `json:"i_know,omitempty"`
}

// Approve lets an experiment run that waits for a second person.
type Approve struct {
	Reason string `json:"reason,omitempty"`
}

// Abort asks to end early and undo the fault.
type Abort struct {
	Reason string `json:"reason"`
}

// Halt says that an operator stopped the experiment outside the log: agents
// undo before anybody decides on this.
type Halt struct {
	Order string `json:"order"` // id of the halt
	Why   string `json:"why"`
}

// Keep says that who scheduled the experiment is still there, which counts
// where the document's limits name a publisher_lease.
type Keep struct{}

// Note asks to attach a finding or an improvement.
type Note struct {
	Kind   events.NoteKind `json:"kind"`
	Text   string          `json:"text"`
	Event  uint64          `json:"event,omitempty"`
	Column string          `json:"column,omitempty"`
}

// Deny says that the document may not run, and why. Decision is what the
// policy said, where it was asked.
type Deny struct {
	Reasons  []string                   `json:"reasons"`
	Decision *events.BlastRadiusDecided `json:"decision,omitempty"`
}

// RequestApproval says that the policy asks for a second person.
type RequestApproval struct {
	Decision events.BlastRadiusDecided `json:"decision"`
}

// BeginBaseline says that the policy lets the experiment run, and that
// samplers are reading.
type BeginBaseline struct {
	Books    *events.BookMark           `json:"books,omitempty"`
	Decision *events.BlastRadiusDecided `json:"decision,omitempty"`
}

// CompleteBaseline brings what was normal.
type CompleteBaseline struct {
	Metrics map[string]events.Distribution `json:"metrics"`
	Windows int                            `json:"windows"`
	Broken  int                            `json:"broken"`
}

// ReportInjected says that the agent saw the fault on its target.
type ReportInjected struct {
	Step    spec.StepID `json:"step"`
	Receipt string      `json:"receipt"`
	SeenAt  time.Time   `json:"seen_at"`
}

// ReportInjectionFailed says that the agent did not get the fault in place
// and left nothing of it behind.
type ReportInjectionFailed struct {
	Step spec.StepID `json:"step"`
	Why  string      `json:"why"`
}

// EndStep says that a step's time is over: it is ended as planned. Of a step
// with a time of its own that is too early; one without may be ended whenever
// it has served.
type EndStep struct {
	Step spec.StepID `json:"step"`
}

// Trigger says that a rollback trigger fired.
type Trigger struct {
	events.RollbackTriggered
}

// ReportRolledBack says that the agent saw the fault gone.
type ReportRolledBack struct {
	Step   spec.StepID  `json:"step"`
	Cause  events.Cause `json:"cause"`
	SeenAt time.Time    `json:"seen_at"`
	Why    string       `json:"why,omitempty"`
	Stays  []string     `json:"stays,omitempty"` // on the target, that no rollback takes away
}

// ReportStuck says that the agent cannot undo the fault.
type ReportStuck struct {
	Step   spec.StepID `json:"step"`
	Why    string      `json:"why"`
	Manual string      `json:"manual"`
}

// ReportRefusal says that an agent refused a request: one that was too late,
// of a controller that lost its place, or against a halt.
type ReportRefusal struct {
	events.RequestRefused
}

// JudgeClaim brings the answer to one claim.
type JudgeClaim struct {
	events.ClaimJudged
}

// ReportRecovery says how the target came back.
type ReportRecovery struct {
	events.RecoveryMeasured
}

// CloseBooks brings the account of the records.
type CloseBooks struct {
	events.BooksClosed
}

func (Schedule) isCommand()              {}
func (Approve) isCommand()               {}
func (Abort) isCommand()                 {}
func (Halt) isCommand()                  {}
func (ReportRefusal) isCommand()         {}
func (Keep) isCommand()                  {}
func (Note) isCommand()                  {}
func (Deny) isCommand()                  {}
func (RequestApproval) isCommand()       {}
func (BeginBaseline) isCommand()         {}
func (CompleteBaseline) isCommand()      {}
func (ReportInjected) isCommand()        {}
func (ReportInjectionFailed) isCommand() {}
func (EndStep) isCommand()               {}
func (Trigger) isCommand()               {}
func (ReportRolledBack) isCommand()      {}
func (ReportStuck) isCommand()           {}
func (JudgeClaim) isCommand()            {}
func (ReportRecovery) isCommand()        {}
func (CloseBooks) isCommand()            {}
