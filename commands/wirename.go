package commands

import (
	"encoding/json"
	"fmt"
)

// Types of commands on the wire.
const (
	TypeSchedule              = "io.faultline.command.experiment.schedule.v1"
	TypeApprove               = "io.faultline.command.experiment.approve.v1"
	TypeAbort                 = "io.faultline.command.experiment.abort.v1"
	TypeHalt                  = "io.faultline.command.experiment.halt.v1"
	TypeKeep                  = "io.faultline.command.experiment.keep.v1"
	TypeNote                  = "io.faultline.command.experiment.note.v1"
	TypeDeny                  = "io.faultline.command.experiment.deny.v1"
	TypeRequestApproval       = "io.faultline.command.experiment.request_approval.v1"
	TypeBeginBaseline         = "io.faultline.command.baseline.begin.v1"
	TypeCompleteBaseline      = "io.faultline.command.baseline.complete.v1"
	TypeReportInjected        = "io.faultline.command.fault.report_injected.v1"
	TypeReportInjectionFailed = "io.faultline.command.fault.report_injection_failed.v1"
	TypeEndStep               = "io.faultline.command.step.end.v1"
	TypeTrigger               = "io.faultline.command.rollback.trigger.v1"
	TypeReportRolledBack      = "io.faultline.command.fault.report_rolled_back.v1"
	TypeReportStuck           = "io.faultline.command.fault.report_stuck.v1"
	TypeReportRefusal         = "io.faultline.command.request.report_refused.v1"
	TypeJudgeClaim            = "io.faultline.command.claim.judge.v1"
	TypeReportRecovery        = "io.faultline.command.recovery.report.v1"
	TypeCloseBooks            = "io.faultline.command.books.close.v1"
)

// TypeOf is the wire name of a command.
func TypeOf(c Command) string {
	switch c.(type) {
	case Schedule:
		return TypeSchedule
	case Approve:
		return TypeApprove
	case Abort:
		return TypeAbort
	case Halt:
		return TypeHalt
	case Keep:
		return TypeKeep
	case Note:
		return TypeNote
	case Deny:
		return TypeDeny
	case RequestApproval:
		return TypeRequestApproval
	case BeginBaseline:
		return TypeBeginBaseline
	case CompleteBaseline:
		return TypeCompleteBaseline
	case ReportInjected:
		return TypeReportInjected
	case ReportInjectionFailed:
		return TypeReportInjectionFailed
	case EndStep:
		return TypeEndStep
	case Trigger:
		return TypeTrigger
	case ReportRolledBack:
		return TypeReportRolledBack
	case ReportStuck:
		return TypeReportStuck
	case ReportRefusal:
		return TypeReportRefusal
	case JudgeClaim:
		return TypeJudgeClaim
	case ReportRecovery:
		return TypeReportRecovery
	case CloseBooks:
		return TypeCloseBooks
	}
	return ""
}

func decodeCommand(name string, data []byte) (Command, error) {
	switch name {
	case TypeSchedule:
		return decodeSchedule(data)
	case TypeApprove:
		return decode[Approve](data)
	case TypeAbort:
		return decode[Abort](data)
	case TypeHalt:
		return decode[Halt](data)
	case TypeKeep:
		return decode[Keep](data)
	case TypeNote:
		return decode[Note](data)
	case TypeDeny:
		return decode[Deny](data)
	case TypeRequestApproval:
		return decode[RequestApproval](data)
	case TypeBeginBaseline:
		return decode[BeginBaseline](data)
	case TypeCompleteBaseline:
		return decode[CompleteBaseline](data)
	case TypeReportInjected:
		return decode[ReportInjected](data)
	case TypeReportInjectionFailed:
		return decode[ReportInjectionFailed](data)
	case TypeEndStep:
		return decode[EndStep](data)
	case TypeTrigger:
		return decode[Trigger](data)
	case TypeReportRolledBack:
		return decode[ReportRolledBack](data)
	case TypeReportStuck:
		return decode[ReportStuck](data)
	case TypeReportRefusal:
		return decode[ReportRefusal](data)
	case TypeJudgeClaim:
		return decode[JudgeClaim](data)
	case TypeReportRecovery:
		return decode[ReportRecovery](data)
	case TypeCloseBooks:
		return decode[CloseBooks](data)
	}
	return nil, fmt.Errorf("%w %q", ErrUnknownType, name)
}

func decode[C Command](data []byte) (Command, error) {
	var c C
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("reading %T: %w", c, err)
	}
	return c, nil
}
