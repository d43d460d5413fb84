// Package experimenttest generates what experiments are made of, for tests of
// properties.
package experimenttest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// Document is one of up to four steps, in sequence, parallel or both.
func Document(t *rapid.T) spec.Document {
	d := spec.Document{
		Environment: rapid.SampledFrom([]string{"development", "test", "staging", spec.Production}).Draw(t, "environment"),
		Limits:      spec.Limits{MaxFaultLife: spec.Duration(time.Minute)},
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "steps") {
		st := spec.Step{ID: spec.StepID(fmt.Sprintf("s%d", i)), Fault: spec.Fault{Kind: "none", Target: "kafka"}}
		if rapid.Bool().Draw(t, "timed") {
			st.For = spec.Duration(time.Second)
		}
		switch rapid.IntRange(0, 2).Draw(t, "after") {
		case 1:
			st.After = &[]spec.StepID{}
		case 2:
			if i > 0 {
				st.After = &[]spec.StepID{spec.StepID(fmt.Sprintf("s%d", rapid.IntRange(0, i-1).Draw(t, "which")))}
			}
		}
		d.Steps = append(d.Steps, st)
	}
	return d
}

// Command is any command there is, about one of the document's steps where it is about one.
func Command(t *rapid.T, d spec.Document) commands.Command {
	step := d.Steps[rapid.IntRange(0, len(d.Steps)-1).Draw(t, "step")].ID
	seen := time.Unix(int64(rapid.IntRange(1, 100).Draw(t, "seen")), 0)
	return rapid.SampledFrom([]commands.Command{
		commands.Schedule{Document: d},
		commands.Abort{Reason: "enough"},
		commands.Halt{Order: "h", Why: "enough"},
		commands.Deny{Reasons: []string{"no"}},
		commands.Keep{},
		commands.Note{Kind: events.Finding, Text: "n"},
		commands.BeginBaseline{},
		commands.BeginBaseline{Decision: decision(t)},
		commands.RequestApproval{Decision: *decision(t)},
		commands.Approve{Reason: "fine"},
		commands.CompleteBaseline{Windows: 10},
		commands.CompleteBaseline{Windows: 10, Broken: 5},
		commands.ReportInjected{Step: step, SeenAt: seen},
		commands.ReportInjected{Step: step, SeenAt: seen},
		commands.ReportInjectionFailed{Step: step, Why: "gone"},
		commands.EndStep{Step: step},
		commands.Trigger{RollbackTriggered: events.RollbackTriggered{Rule: "r", Answer: events.Holds}},
		commands.ReportRolledBack{Step: step, Cause: events.Planned, SeenAt: seen},
		commands.ReportRolledBack{Step: step, Cause: events.AgentRestart, SeenAt: seen},
		commands.ReportRolledBack{Step: step, Cause: events.Trigger, Why: "r", SeenAt: seen},
		commands.ReportRolledBack{Step: step, Cause: events.Halt, SeenAt: seen},
		commands.ReportRefusal{RequestRefused: events.RequestRefused{What: "inject", Why: "late"}},
		commands.ReportStuck{Step: step, Why: "w", Manual: "m"},
		commands.JudgeClaim{ClaimJudged: events.ClaimJudged{Claim: events.ClaimImpact, Answer: events.Holds}},
		commands.ReportRecovery{RecoveryMeasured: events.RecoveryMeasured{Recovered: true}},
		commands.CloseBooks{BooksClosed: events.BooksClosed{Balanced: true}},
	}).Draw(t, "command")
}

func decision(t *rapid.T) *events.BlastRadiusDecided {
	return &events.BlastRadiusDecided{Allowed: rapid.Bool().Draw(t, "allowed"), NeedsApproval: rapid.Bool().Draw(t, "asks")}
}
