// Package experiment is the pure core: State, Decide and Evolve. It reads no
// clock, does no I/O and uses no randomness; the log's order is all it knows
// of time.
package experiment

import (
	"maps"
	"slices"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// State is what the accepted batches say of one experiment. The zero value
// is an experiment that nobody scheduled.
type State struct {
	ID        spec.ExperimentID
	Version   uint64
	Phase     Phase
	Document  spec.Document
	By        string
	IKnow     bool // the requester acknowledged its risk
	Scheduled time.Time
	Kept      time.Time // by its publisher, last; zero: never
	Began     time.Time // of the baseline
	Steps     []Step    // in the document's order
	Order     []spec.StepID
	Baseline  events.BaselineEstablished
	Opened    *events.BookMark

	Radius        *events.BlastRadiusDecided // the last decision
	ApprovalAsked bool
	Approved      *events.ExperimentApproved

	Injected   time.Time // first fault seen
	RolledBack time.Time // last fault seen gone
	Stopped    time.Time // what ended it early: the reading that fired, or the request
	Cause      events.Cause
	Trigger    *events.RollbackTriggered
	Claims     map[string]events.ClaimJudged
	Recovery   *events.RecoveryMeasured
	Books      *events.BooksClosed
	Verdict    events.Verdict
	Reasons    []string
	Ended      time.Time
	Notes      []events.NoteAdded

	handled []string // ids of commands, in the log's order
}

// Step is one step's fault.
type Step struct {
	spec.Step
	Phase   StepPhase
	Seen    time.Time // on its target
	Gone    time.Time
	Cause   events.Cause
	Why     string // it failed, is stuck, or went early
	Manual  string
	Receipt string
}

// Handled says that a command's consequences are in the state.
func (s State) Handled(command string) bool { return slices.Contains(s.handled, command) }

// Causes lists the commands that led from a version to this one, one for each
// version. It is empty where the state is not that far.
func (s State) Causes(after uint64) []string {
	if after >= uint64(len(s.handled)) {
		return nil
	}
	return slices.Clone(s.handled[after:])
}

// Step finds a step by its id.
func (s State) Step(id spec.StepID) (Step, bool) {
	i := slices.IndexFunc(s.Steps, func(st Step) bool { return st.ID == id })
	if i < 0 {
		return Step{}, false
	}
	return s.Steps[i], true
}

// clone copies what Evolve changes, so that an older State stays as it was.
func (s State) clone() State {
	s.Steps = slices.Clone(s.Steps)
	s.Order = slices.Clone(s.Order)
	s.Claims = maps.Clone(s.Claims)
	s.Reasons = slices.Clone(s.Reasons)
	s.Notes = slices.Clone(s.Notes)
	s.handled = slices.Clip(s.handled) // so that the next one is written elsewhere
	return s
}

func (s State) any(phases ...StepPhase) bool {
	return slices.ContainsFunc(s.Steps, func(st Step) bool { return slices.Contains(phases, st.Phase) })
}
