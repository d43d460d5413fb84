package projections

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

// VerdictRow is how one experiment ended. What was not measured is null in the
// table, never zero. Notes that come later are rows of events.
type VerdictRow struct {
	Source
	Experiment   string
	Version      uint64
	Title        string
	System       string
	Environment  string
	By           string
	Verdict      string
	Aborted      bool
	Reasons      string // one a line
	ExitCode     int
	At           time.Time
	Scheduled    time.Time
	Injected     time.Time // first fault seen
	RolledBack   time.Time // last fault seen gone
	Cause        string    // of the rollback
	Trigger      string    // rule that ended it early
	Recovery     *events.RecoveryMeasured
	Books        *events.BooksClosed
	Findings     string // those told so far, one a line
	Improvements string
	AbortLatency time.Duration // from what ended it early to the last fault seen gone; 0: it ended as planned, or is not known
}

// Verdicts makes a row for the fact of the batch that ended its experiment,
// if it has one: a denial is an end, too.
func Verdicts(b Batch) []VerdictRow {
	var rows []VerdictRow
	for _, event := range b.Batch.Events {
		if e, ok := event.(events.Concluded); ok {
			rows = append(rows, verdictRow(b, e))
		}
		if e, ok := event.(events.ExperimentDenied); ok {
			rows = append(rows, verdictRow(b, events.Concluded{Reasons: e.Reasons}))
		}
	}
	return rows
}

func verdictRow(b Batch, e events.Concluded) VerdictRow {
	s := b.State
	row := VerdictRow{
		Source: b.source(), Experiment: string(b.Batch.Experiment), Version: b.Batch.Version,
		Title: s.Document.Title, System: s.Document.System, Environment: s.Document.Environment, By: s.By,
		Verdict: e.Verdict.String(), Aborted: e.Aborted, Reasons: strings.Join(e.Reasons, "\n"),
		ExitCode: experiment.ExitCode(s), At: b.Batch.At,
		Scheduled: s.Scheduled, Injected: s.Injected, RolledBack: s.RolledBack, Cause: string(s.Cause),
		Recovery: s.Recovery, Books: s.Books,
		Findings: notes(s, events.Finding), Improvements: notes(s, events.Improvement),
	}
	row.AbortLatency, _ = s.AbortLatency()
	if s.Trigger != nil {
		row.Trigger = s.Trigger.Rule
	}
	return row
}

func notes(s experiment.State, kind events.NoteKind) string {
	var texts []string
	for _, n := range s.Notes {
		if n.Kind == kind {
			texts = append(texts, n.Text)
		}
	}
	return strings.Join(texts, "\n")
}

func verdictTable() lake.Definition[VerdictRow] {
	return define("verdicts", append([]lake.Column[VerdictRow]{
		lake.Text("experiment", func(r VerdictRow) string { return r.Experiment }),
		lake.Count("version", func(r VerdictRow) uint64 { return r.Version }),
		lake.OptionalText("title", func(r VerdictRow) (string, bool) { return some(r.Title) }),
		lake.OptionalText("system", func(r VerdictRow) (string, bool) { return some(r.System) }),
		lake.OptionalText("environment", func(r VerdictRow) (string, bool) { return some(r.Environment) }),
		lake.OptionalText("by", func(r VerdictRow) (string, bool) { return some(r.By) }),
		lake.Text("verdict", func(r VerdictRow) string { return r.Verdict }),
		lake.Bool("aborted", func(r VerdictRow) bool { return r.Aborted }),
		lake.Text("reasons", func(r VerdictRow) string { return r.Reasons }),
		lake.Int("exit_code", func(r VerdictRow) int64 { return int64(r.ExitCode) }),
		lake.Instant(at, func(r VerdictRow) time.Time { return r.At }),
		lake.OptionalInstant("scheduled_at", func(r VerdictRow) (time.Time, bool) { return instant(r.Scheduled) }),
		lake.OptionalInstant("injected_at", func(r VerdictRow) (time.Time, bool) { return instant(r.Injected) }),
		lake.OptionalInstant("rolled_back_at", func(r VerdictRow) (time.Time, bool) { return instant(r.RolledBack) }),
		lake.OptionalText("cause", func(r VerdictRow) (string, bool) { return some(r.Cause) }),
		lake.OptionalText("trigger", func(r VerdictRow) (string, bool) { return some(r.Trigger) }),
		lake.OptionalText("findings", func(r VerdictRow) (string, bool) { return some(r.Findings) }),
		lake.OptionalText("improvements", func(r VerdictRow) (string, bool) { return some(r.Improvements) }),
	}, slices.Concat(recoveryColumns(), bookColumns(), laterColumns())...), "version")
}

// recoveryColumns are null where recovery was not measured.
func recoveryColumns() []lake.Column[VerdictRow] {
	seconds := func(name string, get func(events.RecoveryMeasured) *spec.Duration) lake.Column[VerdictRow] {
		return lake.OptionalDouble(name, func(r VerdictRow) (float64, bool) {
			measured, _ := given(r.Recovery)
			d, ok := given(get(measured))
			return d.Of().Seconds(), ok
		})
	}
	return []lake.Column[VerdictRow]{
		lake.OptionalBool("recovered", func(r VerdictRow) (bool, bool) {
			measured, ok := given(r.Recovery)
			return measured.Recovered, ok
		}),
		seconds("recovery_from_injection_seconds", func(m events.RecoveryMeasured) *spec.Duration { return m.FromInjection }),
		seconds("recovery_from_rollback_seconds", func(m events.RecoveryMeasured) *spec.Duration { return m.FromRollback }),
		lake.OptionalText("recovery_why", func(r VerdictRow) (string, bool) {
			measured, _ := given(r.Recovery)
			return some(measured.Why)
		}),
		impact("min_availability", func(u events.UserImpact) *float64 { return u.MinAvailability }),
		impact("max_error_rate", func(u events.UserImpact) *float64 { return u.MaxErrorRate }),
		impact("max_response_time", func(u events.UserImpact) *float64 { return u.MaxResponseTime }),
		impact("max_data_age_seconds", func(u events.UserImpact) *float64 { return u.MaxDataAge }),
	}
}

func impact(name string, get func(events.UserImpact) *float64) lake.Column[VerdictRow] {
	return lake.OptionalDouble(name, func(r VerdictRow) (float64, bool) {
		measured, _ := given(r.Recovery)
		return given(get(measured.Impact))
	})
}

// laterColumns came after the others: columns are added at the end only.
func laterColumns() []lake.Column[VerdictRow] {
	return []lake.Column[VerdictRow]{
		impact("max_ingestion_gap_seconds", func(u events.UserImpact) *float64 { return u.MaxIngestionGap }),
		lake.OptionalDouble("abort_latency_seconds", func(r VerdictRow) (float64, bool) {
			return r.AbortLatency.Seconds(), r.AbortLatency > 0
		}),
		lake.OptionalText("tag_before", func(r VerdictRow) (string, bool) {
			books, _ := given(r.Books)
			return some(books.From.Tag)
		}),
		lake.OptionalText("tag_after", func(r VerdictRow) (string, bool) {
			books, _ := given(r.Books)
			return some(books.To.Tag)
		}),
		lake.OptionalText("evidence", func(r VerdictRow) (string, bool) { return some(r.evidence()) }),
	}
}

// evidence says where to look, a line each: the events that led to the verdict,
// and the records that were counted, with the snapshots that they were looked
// for in.
func (r VerdictRow) evidence() string {
	lines := []string{fmt.Sprintf("chaos.events: experiment %s, versions 1 to %d", r.Experiment, r.Version)}
	books, ok := given(r.Books)
	if !ok {
		return lines[0]
	}
	lines = append(lines, fmt.Sprintf("records: those taken after %d, up to %d", books.From.Taken, books.To.Taken),
		"before: "+marked(books.From), "after: "+marked(books.To))
	if len(books.Examples) > 0 {
		lines = append(lines, "missing: "+strings.Join(books.Examples, ", "))
	}
	if books.Why != "" {
		lines = append(lines, "books left open: "+books.Why)
	}
	return strings.Join(lines, "\n")
}

// marked says which snapshot of the trade table it is, and how it is found again.
func marked(m events.BookMark) string {
	switch {
	case m.Snapshot == 0:
		return "the table had no snapshot"
	case m.Tag != "":
		return fmt.Sprintf("snapshot %d, tag %s", m.Snapshot, m.Tag)
	case m.Untagged != "":
		return fmt.Sprintf("snapshot %d, which may expire: no tag: %s", m.Snapshot, m.Untagged)
	}
	return fmt.Sprintf("snapshot %d", m.Snapshot)
}

// bookColumns are null where the books were not closed. Books that do not
// balance keep their counts: books_balanced says not to trust them.
func bookColumns() []lake.Column[VerdictRow] {
	count := func(name string, get func(events.BooksClosed) int64) lake.Column[VerdictRow] {
		return lake.OptionalInt(name, func(r VerdictRow) (int64, bool) {
			books, ok := given(r.Books)
			return get(books), ok
		})
	}
	snapshot := func(name string, get func(events.BooksClosed) int64) lake.Column[VerdictRow] {
		return lake.OptionalInt(name, func(r VerdictRow) (int64, bool) {
			books, _ := given(r.Books)
			return some(get(books))
		})
	}
	return []lake.Column[VerdictRow]{
		lake.OptionalBool("books_balanced", func(r VerdictRow) (bool, bool) {
			books, ok := given(r.Books)
			return books.Balanced, ok
		}),
		lake.OptionalDouble("loss_fraction", func(r VerdictRow) (float64, bool) {
			books, ok := given(r.Books)
			return books.LossFraction, ok
		}),
		count("lost_acked", func(b events.BooksClosed) int64 { return b.LostAcked }),
		count("stored_twice", func(b events.BooksClosed) int64 { return b.StoredTwice }),
		snapshot("snapshot_before", func(b events.BooksClosed) int64 { return b.From.Snapshot }),
		snapshot("snapshot_during", func(b events.BooksClosed) int64 { return b.During }),
		snapshot("snapshot_after", func(b events.BooksClosed) int64 { return b.To.Snapshot }),
	}
}
