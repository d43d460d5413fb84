//go:build e2e

package queries_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// weekOf is ten o'clock of the Monday of a week of the story.
func weekOf(n int) time.Time {
	return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC).AddDate(0, 0, 7*(n-1))
}

// teller writes the batches of one experiment.
type teller struct {
	t       *testing.T
	log     recorded
	id      spec.ExperimentID
	began   time.Time
	version uint64
	kind    string
	target  string
}

func (w *teller) at(second float64) time.Time {
	return w.began.Add(time.Duration(second * float64(time.Second)))
}

// says puts what one command caused, so many seconds after the beginning.
func (w *teller) says(second float64, facts ...events.Event) {
	w.t.Helper()
	w.version++
	w.log.batch(w.t, events.Batch{
		Experiment: w.id, Version: w.version, Cause: fmt.Sprintf("%s-%d", w.id, w.version), At: w.at(second), Events: facts,
	})
}

// writes puts the one page of a closing of the books, which come after it.
func (w *teller) writes(second float64, page events.LedgerPage) *events.LedgerPages {
	w.t.Helper()
	page.Experiment, page.Closing, page.Seq, page.At = w.id, string(w.id)+"-books", 1, w.at(second)
	w.log.page(w.t, page)
	return &events.LedgerPages{Closing: page.Closing, Pages: 1, Records: int64(len(page.Records)), Letters: int64(len(page.Letters))}
}

// dies puts a page of a daemon that came no further in closing the books.
func (w *teller) dies(second float64, page events.LedgerPage) {
	w.t.Helper()
	page.Experiment, page.Closing, page.Seq, page.At = w.id, string(w.id)+"-died", 1, w.at(second)
	w.log.page(w.t, page)
}

const step spec.StepID = "break"

// begin schedules an experiment of one step, and takes its baseline.
func begin(t *testing.T, log recorded, id spec.ExperimentID, began time.Time, title, kind, target string, tolerates spec.Loss) *teller {
	t.Helper()
	w := &teller{t: t, log: log, id: id, began: began, kind: kind, target: target}
	fault := spec.Fault{Kind: kind, Target: spec.TargetName(target)}
	w.says(0, events.ExperimentScheduled{By: "ada", Document: spec.Document{
		Faultline: "v1", Title: title, System: "k2", Environment: "test",
		Hypothesis: spec.Hypothesis{
			Claim: "trades keep flowing", SteadyState: []spec.Rule{{Name: "steady", Expr: "error_rate < 0.01"}},
			RecoversWithin: spec.Duration(time.Minute), Tolerates: &tolerates,
		},
		Steps: []spec.Step{{ID: step, Fault: fault, For: spec.Duration(30 * time.Second)}},
	}})
	w.says(10, events.BaselineStarted{})
	w.says(30, events.BaselineEstablished{Windows: 20}, events.FaultInjectionRequested{Step: step, Fault: fault})
	return w
}

// breaks says that the fault was seen on its target.
func (w *teller) breaks(second float64) {
	w.t.Helper()
	w.says(second+0.5, events.FaultInjected{Step: step, Receipt: string(w.id) + "-receipt", SeenAt: w.at(second)})
}

// mends asks for the rollback, and says when it was seen.
func (w *teller) mends(asked, gone float64, cause events.Cause, why string) {
	w.t.Helper()
	w.says(asked, events.RollbackRequested{Step: step, Cause: cause, Reason: why})
	w.says(gone+0.5, events.FaultRolledBack{Step: step, Cause: cause, SeenAt: w.at(gone), Why: why})
}

// recovery is measured: seconds from injection and from rollback.
func recovery(injection, rollback float64, impact events.UserImpact) events.RecoveryMeasured {
	from, to := seconds(injection), seconds(rollback)
	return events.RecoveryMeasured{Recovered: true, FromInjection: &from, FromRollback: &to, Impact: impact}
}

func seconds(n float64) spec.Duration { return spec.Duration(n * float64(time.Second)) }

func concludes(v events.Verdict, reasons ...string) events.Concluded {
	return events.Concluded{Verdict: v, Reasons: reasons}
}

// impact takes one number of what clients saw by its pointer.
func worst(availability, errors, response, age, gap float64) events.UserImpact {
	return events.UserImpact{
		MinAvailability: &availability, MaxErrorRate: &errors, MaxResponseTime: &response, MaxDataAge: &age, MaxIngestionGap: &gap,
	}
}
