package events

import (
	"encoding/json"
	"fmt"
)

// Types of events on the wire. They are names of their own, so that renaming a
// Go type never changes the protocol.
const (
	TypeExperimentScheduled     = "io.faultline.experiment.scheduled.v1"
	TypeExperimentDenied        = "io.faultline.experiment.denied.v1"
	TypeCommandRefused          = "io.faultline.command.refused.v1"
	TypeBaselineStarted         = "io.faultline.baseline.started.v1"
	TypeBaselineEstablished     = "io.faultline.baseline.established.v1"
	TypeFaultInjectionRequested = "io.faultline.fault.injection_requested.v1"
	TypeFaultInjected           = "io.faultline.fault.injected.v1"
	TypeFaultInjectionFailed    = "io.faultline.fault.injection_failed.v1"
	TypeRequestRefused          = "io.faultline.request.refused.v1"
	TypeRollbackTriggered       = "io.faultline.rollback.triggered.v1"
	TypeRollbackRequested       = "io.faultline.rollback.requested.v1"
	TypeFaultRolledBack         = "io.faultline.fault.rolled_back.v1"
	TypeRollbackStuck           = "io.faultline.rollback.stuck.v1"
	TypeClaimJudged             = "io.faultline.claim.judged.v1"
	TypeRecoveryMeasured        = "io.faultline.recovery.measured.v1"
	TypeBooksClosed             = "io.faultline.books.closed.v1"
	TypeConcluded               = "io.faultline.experiment.concluded.v1"
	TypeExperimentKept          = "io.faultline.experiment.kept.v1"
	TypeNoteAdded               = "io.faultline.note.added.v1"
	TypeBlastRadiusDecided      = "io.faultline.blast_radius.decided.v1"
	TypeApprovalRequested       = "io.faultline.experiment.approval_requested.v1"
	TypeExperimentApproved      = "io.faultline.experiment.approved.v1"
)

// TypeOf is the wire name of an event.
func TypeOf(e Event) string {
	switch e.(type) {
	case ExperimentScheduled:
		return TypeExperimentScheduled
	case ExperimentDenied:
		return TypeExperimentDenied
	case CommandRefused:
		return TypeCommandRefused
	case BaselineStarted:
		return TypeBaselineStarted
	case BaselineEstablished:
		return TypeBaselineEstablished
	case FaultInjectionRequested:
		return TypeFaultInjectionRequested
	case FaultInjected:
		return TypeFaultInjected
	case FaultInjectionFailed:
		return TypeFaultInjectionFailed
	case RequestRefused:
		return TypeRequestRefused
	case RollbackTriggered:
		return TypeRollbackTriggered
	case RollbackRequested:
		return TypeRollbackRequested
	case FaultRolledBack:
		return TypeFaultRolledBack
	case RollbackStuck:
		return TypeRollbackStuck
	case ClaimJudged:
		return TypeClaimJudged
	case RecoveryMeasured:
		return TypeRecoveryMeasured
	case BooksClosed:
		return TypeBooksClosed
	case Concluded:
		return TypeConcluded
	case ExperimentKept:
		return TypeExperimentKept
	case NoteAdded:
		return TypeNoteAdded
	case BlastRadiusDecided:
		return TypeBlastRadiusDecided
	case ApprovalRequested:
		return TypeApprovalRequested
	case ExperimentApproved:
		return TypeExperimentApproved
	}
	return ""
}

// DecodeEvent reads one event by its wire name.
func DecodeEvent(name string, data []byte) (Event, error) { return Reader{}.event(name, data) }

func (r Reader) event(name string, data []byte) (Event, error) {
	switch name {
	case TypeExperimentScheduled:
		return decode[ExperimentScheduled](r, data)
	case TypeExperimentDenied:
		return decode[ExperimentDenied](r, data)
	case TypeCommandRefused:
		return decode[CommandRefused](r, data)
	case TypeBaselineStarted:
		return decode[BaselineStarted](r, data)
	case TypeBaselineEstablished:
		return decode[BaselineEstablished](r, data)
	case TypeFaultInjectionRequested:
		return decode[FaultInjectionRequested](r, data)
	case TypeFaultInjected:
		return decode[FaultInjected](r, data)
	case TypeFaultInjectionFailed:
		return decode[FaultInjectionFailed](r, data)
	case TypeRequestRefused:
		return decode[RequestRefused](r, data)
	case TypeRollbackTriggered:
		return decode[RollbackTriggered](r, data)
	case TypeRollbackRequested:
		return decode[RollbackRequested](r, data)
	case TypeFaultRolledBack:
		return decode[FaultRolledBack](r, data)
	case TypeRollbackStuck:
		return decode[RollbackStuck](r, data)
	case TypeClaimJudged:
		return decode[ClaimJudged](r, data)
	case TypeRecoveryMeasured:
		return decode[RecoveryMeasured](r, data)
	case TypeBooksClosed:
		return decode[BooksClosed](r, data)
	case TypeConcluded:
		return decode[Concluded](r, data)
	case TypeExperimentKept:
		return decode[ExperimentKept](r, data)
	case TypeNoteAdded:
		return decode[NoteAdded](r, data)
	case TypeBlastRadiusDecided:
		return decode[BlastRadiusDecided](r, data)
	case TypeApprovalRequested:
		return decode[ApprovalRequested](r, data)
	case TypeExperimentApproved:
		return decode[ExperimentApproved](r, data)
	}
	return nil, fmt.Errorf("%w %q", ErrUnknownType, name)
}

func decode[E Event](r Reader, data []byte) (Event, error) {
	var plain E
	if r.plain.Read(data, &plain) {
		return plain, nil
	}
	var e E
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("reading %T: %w", e, err)
	}
	return e, nil
}
