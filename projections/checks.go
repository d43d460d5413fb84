package projections

import (
	"fmt"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

// Check names an integrity check.
type Check string

// The integrity checks of an experiment's books.
const (
	// RecordAccounting expects all records taken to be stored, dead-lettered or
	// dropped or shed on purpose, but for the fraction that the document tolerates.
	RecordAccounting Check = "record_accounting"
	// StoredTwice expects no record to stand twice in the table.
	StoredTwice Check = "stored_twice"
	// LostAcked expects at most as many lost acknowledged records as the
	// document tolerates.
	LostAcked Check = "lost_acked"
	// StoredAsSent expects at most as many records stored otherwise than they
	// were sent as the document tolerates.
	StoredAsSent Check = "stored_as_sent"
	// FalseRejects expects at most as many dead letters of records that no fault
	// touched as the document tolerates. It is there only where the document
	// says how many.
	FalseRejects Check = "false_rejects"
	// BooksBalanced expects 1: the conservation equation comes out even.
	BooksBalanced Check = "books_balanced"
)

// CheckRow is one integrity check of one experiment. Answer is unknown where
// the books do not balance: then no count of theirs can be trusted.
type CheckRow struct {
	Source
	Experiment string
	Version    uint64
	Check      Check
	At         time.Time
	WindowFrom time.Time // begin of the baseline, zero where it is not known
	WindowTo   time.Time // when the books were closed
	Expected   int64
	Actual     int64
	Answer     events.Answer
	Evidence   string
}

// IntegrityChecks makes a row for each check of each BooksClosed of the batch.
func IntegrityChecks(b Batch) []CheckRow {
	var rows []CheckRow
	for _, event := range b.Batch.Events {
		if e, ok := event.(events.BooksClosed); ok {
			rows = append(rows, checks(b, e)...)
		}
	}
	return rows
}

func checks(b Batch, e events.BooksClosed) []CheckRow {
	tolerated, _ := given(b.State.Document.Hypothesis.Tolerates)
	rows := []CheckRow{accounting(e, tolerated), storedTwice(e), lostAcked(e, tolerated), storedAsSent(e, tolerated), balanced(e)}
	if n := tolerated.FalseRejects; n != nil {
		rows = append(rows, falseRejects(e, *n))
	}
	for i := range rows {
		r := &rows[i]
		r.Source, r.Experiment, r.Version = b.source(), string(b.Batch.Experiment), b.Batch.Version
		r.At, r.WindowFrom, r.WindowTo = b.Batch.At, b.State.Began, b.Batch.At
	}
	return rows
}

func accounting(e events.BooksClosed, tolerated spec.Loss) CheckRow {
	// More records than were taken is as wrong as fewer.
	ok := e.LossFraction <= tolerated.Fraction && missing(e) >= 0
	return CheckRow{
		Check: RecordAccounting, Expected: e.Taken, Actual: e.Stored + e.DeadLettered + e.Dropped + e.Shed, Answer: trusted(e, ok),
		Evidence: evidence(e, fmt.Sprintf("%d stored, %d dead-lettered, %d dropped, %d shed; loss fraction %g, tolerated %g",
			e.Stored, e.DeadLettered, e.Dropped, e.Shed, e.LossFraction, tolerated.Fraction)),
	}
}

func storedTwice(e events.BooksClosed) CheckRow {
	return CheckRow{
		Check: StoredTwice, Actual: e.StoredTwice, Answer: trusted(e, e.StoredTwice == 0),
		Evidence: evidence(e, fmt.Sprintf("%d of %d stored records stand twice", e.StoredTwice, e.Stored)),
	}
}

func lostAcked(e events.BooksClosed, tolerated spec.Loss) CheckRow {
	return CheckRow{
		Check: LostAcked, Expected: tolerated.Acked, Actual: e.LostAcked, Answer: trusted(e, e.LostAcked <= tolerated.Acked),
		Evidence: evidence(e, fmt.Sprintf("%d lost after they were acknowledged, at most %d tolerated", e.LostAcked, tolerated.Acked)),
	}
}

func storedAsSent(e events.BooksClosed, tolerated spec.Loss) CheckRow {
	return CheckRow{
		Check: StoredAsSent, Expected: tolerated.Altered, Actual: e.Altered, Answer: trusted(e, e.Altered <= tolerated.Altered),
		Evidence: evidence(e, fmt.Sprintf("%d stored otherwise than sent, at most %d tolerated; faults changed %d on their way, %d of them are dead letters",
			e.Altered, tolerated.Altered, e.Changed, e.Detected)),
	}
}

func falseRejects(e events.BooksClosed, tolerated int64) CheckRow {
	return CheckRow{
		Check: FalseRejects, Expected: tolerated, Actual: e.FalseRejects, Answer: trusted(e, e.FalseRejects <= tolerated),
		Evidence: evidence(e, fmt.Sprintf("%d of %d dead letters are of records that no fault touched, at most %d tolerated", e.FalseRejects, e.DeadLettered, tolerated)),
	}
}

// balanced is unknown where something could not be read, and violated where
// all was read and the sums differ.
func balanced(e events.BooksClosed) CheckRow {
	row := CheckRow{Check: BooksBalanced, Expected: 1, Evidence: evidence(e, fmt.Sprintf("%d taken, %d missing", e.Taken, missing(e)))}
	switch {
	case e.Balanced:
		row.Actual, row.Answer = 1, events.Holds
	case e.Why == "":
		row.Answer = events.Violated
	}
	return row
}

// trusted is the answer of a count, unknown unless the books balance.
func trusted(e events.BooksClosed, ok bool) events.Answer {
	switch {
	case !e.Balanced:
		return events.Unknown
	case ok:
		return events.Holds
	}
	return events.Violated
}

// evidence adds where to look: why the books stay open, which records, and the
// snapshots of the trade table that were compared.
func evidence(e events.BooksClosed, counts string) string {
	parts := []string{counts}
	if e.Why != "" {
		parts = append(parts, "why: "+e.Why)
	}
	if len(e.Examples) > 0 {
		parts = append(parts, "records: "+strings.Join(e.Examples, ", "))
	}
	return strings.Join(append(parts, fmt.Sprintf("snapshots: %d to %d", e.From.Snapshot, e.To.Snapshot)), "; ")
}

func checkTable() lake.Definition[CheckRow] {
	return define("integrity_checks", []lake.Column[CheckRow]{
		lake.Text("experiment", func(r CheckRow) string { return r.Experiment }),
		lake.Count("version", func(r CheckRow) uint64 { return r.Version }),
		lake.Text("check", func(r CheckRow) string { return string(r.Check) }),
		lake.Instant(at, func(r CheckRow) time.Time { return r.At }),
		lake.OptionalInstant("window_from", func(r CheckRow) (time.Time, bool) { return instant(r.WindowFrom) }),
		lake.Instant("window_to", func(r CheckRow) time.Time { return r.WindowTo }),
		lake.Int("expected", func(r CheckRow) int64 { return r.Expected }),
		lake.Int("actual", func(r CheckRow) int64 { return r.Actual }),
		lake.Text("verdict", func(r CheckRow) string { return r.Answer.String() }),
		lake.Text("evidence", func(r CheckRow) string { return r.Evidence }),
	}, "check")
}
