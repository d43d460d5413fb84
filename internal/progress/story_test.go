package progress_test

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/progress"
	"github.com/k2-platform/faultline/spec"
)

var update = flag.Bool("update", false, "write testdata") //nolint:gochecknoglobals // a flag of the test

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start() time.Time { return time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC) }

func at(seconds int) time.Time { return start().Add(time.Duration(seconds) * time.Second) }

func document(t *testing.T) spec.Document {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", "experiment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, problems := spec.Parse(source)
	if problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	return parsed.Document.WithDefaults()
}

func platform() spec.Platform {
	return spec.Platform{Metrics: map[string]spec.Metric{
		"ingestion_rate": {Unit: "records/s"}, "offered_rate": {Unit: "records/s"}, "consumer_lag": {Unit: "records"},
		"error_rate": {Unit: "share"}, "availability": {Unit: "share"}, "response_time": {Unit: "s"},
	}}
}

// fact is an event and the second at which it came.
type fact struct {
	second int
	event  events.Event
}

// story is a run with two steps up to the phase of that name.
func story(t *testing.T, phase string) []fact {
	t.Helper()
	kafka, store := spec.StepID("stop-broker"), spec.StepID("slow-store")
	baselining := []fact{{0, events.ExperimentScheduled{Document: document(t), By: "ann@lab"}}, {1, events.BaselineStarted{}}}
	injected := append(baselining[:2:2],
		fact{22, events.BaselineEstablished{Windows: 20, Metrics: map[string]events.Distribution{
			"ingestion_rate": {N: 20, Mean: 512.3}, "offered_rate": {N: 20, Mean: 513}, "consumer_lag": {N: 20, Mean: 12.5},
			"error_rate": {N: 20}, "availability": {N: 20, Mean: 1},
		}}},
		fact{22, events.FaultInjectionRequested{Step: kafka}}, fact{23, events.FaultInjected{Step: kafka, SeenAt: at(23)}},
		fact{30, events.ClaimJudged{Claim: events.ClaimImpact, Rule: "ingestion_rate < 0.5 * baseline.ingestion_rate", Answer: events.Holds}})
	undone := append(slices.Clip(injected),
		fact{38, events.RollbackRequested{Step: kafka, Cause: events.Planned}}, fact{39, events.FaultRolledBack{Step: kafka, Cause: events.Planned, SeenAt: at(39)}},
		fact{40, events.FaultInjectionRequested{Step: store}}, fact{41, events.FaultInjected{Step: store, SeenAt: at(41)}},
		fact{44, events.RollbackRequested{Step: store, Cause: events.Trigger}})
	recovering := append(slices.Clip(undone),
		fact{46, events.FaultRolledBack{Step: store, Cause: events.Trigger, SeenAt: at(46)}},
		fact{46, events.ClaimJudged{Claim: events.ClaimMaintains, Rule: "availability >= 0.95", Answer: events.Violated}},
		fact{46, events.ClaimJudged{Claim: events.ClaimMaintains, Rule: "error_rate <= 0.20", Answer: events.Unknown}})
	took := spec.Duration(9 * time.Second)
	switch phase {
	case "absent":
		return nil
	case "baselining":
		return baselining
	case "injected":
		return injected
	case "stuck":
		return append(slices.Clip(undone), fact{50, events.RollbackStuck{Step: store, Why: "reading the qdisc: no such\ndevice", Manual: "faultline ledger undo 7"}})
	case "recovering":
		return recovering
	case "concluded":
		return append(recovering, fact{55, events.RecoveryMeasured{Recovered: true, FromRollback: &took, FromInjection: &took}},
			fact{56, events.BooksClosed{Balanced: true, Taken: 100, Stored: 100}}, fact{56, events.Concluded{Verdict: events.Refuted}})
	}
	t.Fatalf("no story is called %q", phase)
	return nil
}

func fold(facts []fact) (s experiment.State) {
	for i, f := range facts {
		s = experiment.Evolve(s, events.Batch{Experiment: "drill-20261125-100000-abcd", Version: uint64(i) + 1, At: at(f.second), Events: []events.Event{f.event}})
	}
	return s
}

// view is the block of a story, with a reading a second up to that moment.
func view(t *testing.T, phase string, columns, rows int) progress.View {
	t.Helper()
	doc, facts, now := document(t), story(t, phase), 0
	if len(facts) > 0 {
		now = facts[len(facts)-1].second + 3
	}
	v := progress.View{
		ID: "drill-20261125-100000-abcd", Document: doc, Metrics: progress.Named(doc, platform()), Began: start(), Width: columns, Height: rows,
	}.With(fold(facts)).At(at(now))
	for s := range now {
		v = v.Read(events.Tick{Readings: readings(s)})
	}
	return v
}

func readings(second int) []events.Reading {
	rate, lag := 512+8*math.Sin(float64(second)), 12+float64(second%3)
	if second > 23 {
		rate *= math.Pow(0.6, float64(second-23))
	}
	out := []events.Reading{
		{Metric: "ingestion_rate", Value: rate, At: at(second)},
		{Metric: "offered_rate", Value: 513, At: at(second)},
		{Metric: "error_rate", Value: float64(second/40) * 0.25, At: at(second)},
		{Metric: "availability", Value: 1, At: at(second)},
	}
	if second <= 23 { // nobody can count the lag while the broker is gone
		out = append(out, events.Reading{Metric: "consumer_lag", Value: lag, At: at(second)})
	}
	return out
}
