package main

import (
	"fmt"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/experiments"
	"github.com/k2-platform/faultline/spec"
)

// story makes the log of experiments as the pipeline would: each batch is
// what the core decides. It is for one goroutine.
type story struct {
	doc  spec.Document
	from time.Time
}

func newStory() (story, error) {
	text, err := experiments.Files.ReadFile("kafka-broker-stop.yaml")
	if err != nil {
		return story{}, fmt.Errorf("reading the document of the log: %w", err)
	}
	parsed, problems := spec.Parse(text)
	return story{parsed.Document, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, problems.Err()
}

// batches are those of one experiment, from its schedule to its end; some are
// aborted early.
func (st story) batches(n int) ([]events.Batch, error) {
	id := spec.ExperimentID(fmt.Sprintf("kafka-broker-stop-%06d", n))
	at := st.from.Add(time.Duration(n) * time.Second)
	var s experiment.State
	var out []events.Batch
	for i, c := range st.commands(n, at) {
		e := commands.Envelope{ID: fmt.Sprintf("%s/%d", id, i), Experiment: id, At: at.Add(time.Duration(i) * time.Second), By: "bench", Command: c}
		facts, err := experiment.Decide(s, e)
		if err != nil {
			return nil, fmt.Errorf("deciding %s: %w", commands.TypeOf(c), err)
		}
		b := events.Batch{Experiment: id, Version: s.Version + 1, Cause: e.ID, At: e.At, Events: facts}
		s = experiment.Evolve(s, b)
		out = append(out, b)
	}
	if !s.Phase.Over() {
		return nil, fmt.Errorf("making the story of %s: it is %s at its end", id, s.Phase)
	}
	return out, nil
}

func (st story) commands(n int, at time.Time) []commands.Command {
	figures := events.Distribution{N: 20, Mean: 200, StdDev: 3, Min: 190, Median: 200, P95: 205, P99: 208, Max: 210}
	out := []commands.Command{
		commands.Schedule{Document: st.doc},
		commands.BeginBaseline{Books: &events.BookMark{Taken: int64(n), Snapshot: int64(n)}},
	}
	if n%50 == 0 {
		return append(out, commands.Abort{Reason: "not now"})
	}
	step, took := st.doc.Steps[0].ID, spec.Duration(2*time.Second)
	out = append(out,
		commands.CompleteBaseline{Windows: 30, Metrics: map[string]events.Distribution{
			"ingestion_rate": figures, "offered_rate": figures, "consumer_lag": figures, "availability": figures, "error_rate": figures,
		}},
		commands.ReportInjected{Step: step, Receipt: "receipt", SeenAt: at},
		claim(events.ClaimImpact, st.doc.Impact.Rule, at),
		commands.EndStep{Step: step},
		commands.ReportRolledBack{Step: step, Cause: events.Planned, SeenAt: at})
	for _, r := range st.doc.Hypothesis.Maintains {
		out = append(out, claim(events.ClaimMaintains, r.Expr, at))
	}
	return append(out,
		commands.ReportRecovery{RecoveryMeasured: events.RecoveryMeasured{Recovered: true, FromInjection: &took, FromRollback: &took}},
		commands.CloseBooks{BooksClosed: events.BooksClosed{Taken: 10_000, Stored: 10_000, Balanced: true}})
}

func claim(c events.Claim, rule string, at time.Time) commands.Command {
	return commands.JudgeClaim{ClaimJudged: events.ClaimJudged{
		Claim: c, Rule: rule, Answer: events.Holds, At: at, Values: map[string]float64{"ingestion_rate": 200, "baseline.ingestion_rate": 200},
	}}
}
