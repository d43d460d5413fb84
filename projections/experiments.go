package projections

import (
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/lake"
)

// ExperimentRow says that an experiment entered a phase. The row with the
// highest (version, index) is where the experiment stands.
type ExperimentRow struct {
	Source
	Experiment  string
	Version     uint64
	Index       int
	Event       string // wire name of the fact that led to the phase
	Phase       string
	At          time.Time
	Title       string
	Claim       string
	System      string
	Environment string
	By          string
	Cause       string // of the rollback
	Reasons     string // of the denial or the verdict, one a line
}

// Experiments makes a row for each event of the batch that changes the phase.
func Experiments(b Batch) []ExperimentRow {
	var rows []ExperimentRow
	s := b.Before
	for i, e := range b.Batch.Events {
		one := b.Batch
		one.Version, one.Events = s.Version+1, []events.Event{e}
		next := experiment.Evolve(s, one)
		if next.Phase != s.Phase {
			rows = append(rows, experimentRow(b, i, e, next))
		}
		s = next
	}
	return rows
}

func experimentRow(b Batch, index int, e events.Event, s experiment.State) ExperimentRow {
	return ExperimentRow{
		Source: b.source(), Experiment: string(b.Batch.Experiment), Version: b.Batch.Version, Index: index,
		Event: events.TypeOf(e), Phase: s.Phase.String(), At: b.Batch.At,
		Title: s.Document.Title, Claim: s.Document.Hypothesis.Claim, System: s.Document.System,
		Environment: s.Document.Environment, By: s.By, Cause: string(s.Cause), Reasons: strings.Join(s.Reasons, "\n"),
	}
}

func experimentTable() lake.Definition[ExperimentRow] {
	return define("experiments", []lake.Column[ExperimentRow]{
		lake.Text("experiment", func(r ExperimentRow) string { return r.Experiment }),
		lake.Count("version", func(r ExperimentRow) uint64 { return r.Version }),
		lake.Int("index", func(r ExperimentRow) int64 { return int64(r.Index) }),
		lake.Text("event", func(r ExperimentRow) string { return r.Event }),
		lake.Text("phase", func(r ExperimentRow) string { return r.Phase }),
		lake.Instant(at, func(r ExperimentRow) time.Time { return r.At }),
		lake.OptionalText("title", func(r ExperimentRow) (string, bool) { return some(r.Title) }),
		lake.OptionalText("claim", func(r ExperimentRow) (string, bool) { return some(r.Claim) }),
		lake.OptionalText("system", func(r ExperimentRow) (string, bool) { return some(r.System) }),
		lake.OptionalText("environment", func(r ExperimentRow) (string, bool) { return some(r.Environment) }),
		lake.OptionalText("by", func(r ExperimentRow) (string, bool) { return some(r.By) }),
		lake.OptionalText("cause", func(r ExperimentRow) (string, bool) { return some(r.Cause) }),
		lake.OptionalText("reasons", func(r ExperimentRow) (string, bool) { return some(r.Reasons) }),
	}, "version", "index")
}
