package projections

import (
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/lake"
)

// FaultRow is one thing that happened to one step's fault.
type FaultRow struct {
	Source
	Experiment string
	Version    uint64
	Index      int
	Step       string
	Kind       string
	Target     string
	Phase      string // of the step, after it
	At         time.Time
	SeenAt     time.Time // the fault was seen on its target, or seen gone
	Cause      string    // of the rollback
	Receipt    string
	Why        string // it failed or is stuck; the reason of a rollback
	Manual     string // what to run by hand
	Stays      string // what a rollback leaves on the target
}

// Faults makes a row for each event of the batch that is about a fault.
func Faults(b Batch) []FaultRow {
	var rows []FaultRow
	for i, e := range b.Batch.Events {
		row, ok := faultRow(e)
		if !ok {
			continue
		}
		row.Source, row.Experiment = b.source(), string(b.Batch.Experiment)
		row.Version, row.Index, row.At = b.Batch.Version, i, b.Batch.At
		for _, st := range b.State.Steps {
			if string(st.ID) == row.Step {
				row.Kind, row.Target, row.Receipt = st.Fault.Kind, string(st.Fault.Target), st.Receipt
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// faultRow is what the event itself says.
func faultRow(event events.Event) (FaultRow, bool) {
	row := func(step string, p experiment.StepPhase) FaultRow { return FaultRow{Step: step, Phase: p.String()} }
	var r FaultRow
	switch e := event.(type) {
	case events.FaultInjectionRequested:
		r = row(string(e.Step), experiment.Requested)
	case events.FaultInjected:
		r = row(string(e.Step), experiment.Present)
		r.SeenAt = e.SeenAt
	case events.FaultInjectionFailed:
		r = row(string(e.Step), experiment.Failed)
		r.Why = e.Why
	case events.RollbackRequested:
		r = row(string(e.Step), experiment.Undoing)
		r.Cause, r.Why = string(e.Cause), e.Reason
	case events.FaultRolledBack:
		r = row(string(e.Step), experiment.Gone)
		r.Cause, r.SeenAt, r.Why = string(e.Cause), e.SeenAt, e.Why
		r.Stays = strings.Join(e.Stays, "; ")
	case events.RollbackStuck:
		r = row(string(e.Step), experiment.StuckStep)
		r.Why, r.Manual = e.Why, e.Manual
	case events.ExperimentScheduled, events.ExperimentDenied, events.CommandRefused, events.RequestRefused, events.BaselineStarted,
		events.BaselineEstablished, events.RollbackTriggered, events.ClaimJudged, events.RecoveryMeasured,
		events.BooksClosed, events.Concluded, events.ExperimentKept, events.NoteAdded, events.BlastRadiusDecided, events.ApprovalRequested,
		events.ExperimentApproved:
		return FaultRow{}, false
	}
	return r, true
}

func faultTable() lake.Definition[FaultRow] {
	return define("faults", []lake.Column[FaultRow]{
		lake.Text("experiment", func(r FaultRow) string { return r.Experiment }),
		lake.Count("version", func(r FaultRow) uint64 { return r.Version }),
		lake.Int("index", func(r FaultRow) int64 { return int64(r.Index) }),
		lake.Text("step", func(r FaultRow) string { return r.Step }),
		lake.OptionalText("kind", func(r FaultRow) (string, bool) { return some(r.Kind) }),
		lake.OptionalText("target", func(r FaultRow) (string, bool) { return some(r.Target) }),
		lake.Text("phase", func(r FaultRow) string { return r.Phase }),
		lake.Instant(at, func(r FaultRow) time.Time { return r.At }),
		lake.OptionalInstant("seen_at", func(r FaultRow) (time.Time, bool) { return instant(r.SeenAt) }),
		lake.OptionalText("cause", func(r FaultRow) (string, bool) { return some(r.Cause) }),
		lake.OptionalText("receipt", func(r FaultRow) (string, bool) { return some(r.Receipt) }),
		lake.OptionalText("why", func(r FaultRow) (string, bool) { return some(r.Why) }),
		lake.OptionalText("manual", func(r FaultRow) (string, bool) { return some(r.Manual) }),
		lake.OptionalText("stays", func(r FaultRow) (string, bool) { return some(r.Stays) }),
	}, "version", "index")
}
