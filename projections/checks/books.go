package checks

import (
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// The integrity checks of an experiment's books.
const (
	// RecordAccounting expects all records taken to be stored, dead-lettered or
	// dropped or shed on purpose, but for the fraction that the document tolerates.
	RecordAccounting = "record_accounting"
	// StoredTwice expects no record to stand twice in the table.
	StoredTwice = "stored_twice"
	// LostAcked expects at most as many lost acknowledged records as the
	// document tolerates.
	LostAcked = "lost_acked"
	// StoredAsSent expects at most as many records stored otherwise than they
	// were sent as the document tolerates.
	StoredAsSent = "stored_as_sent"
	// FalseRejects expects at most as many dead letters of records that no fault
	// touched as the document tolerates. It is there only where the document
	// says how many.
	FalseRejects = "false_rejects"
	// BooksBalanced expects 1: the conservation equation comes out even.
	BooksBalanced = "books_balanced"
)

// Books gives the results of an experiment's books, by what its document
// tolerates, and after them those of the checks that were made as the books were
// closed. An answer is unknown where the books do not balance: then no count of
// theirs can be trusted.
func Books(e events.BooksClosed, tolerated spec.Loss) []Result {
	out := []Result{accounting(e, tolerated), storedTwice(e), lostAcked(e, tolerated), storedAsSent(e, tolerated), balanced(e)}
	if n := tolerated.FalseRejects; n != nil {
		out = append(out, falseRejects(e, *n))
	}
	return append(out, e.Checks...)
}

// Missing counts the records taken that are in no place known: neither
// stored, nor dead-lettered, nor dropped or shed on purpose.
func Missing(b events.BooksClosed) int64 {
	return b.Taken - b.Stored - b.DeadLettered - b.Dropped - b.Shed
}

func accounting(e events.BooksClosed, tolerated spec.Loss) Result {
	// More records than were taken is as wrong as fewer.
	ok := e.LossFraction <= tolerated.Fraction && Missing(e) >= 0
	return counted(RecordAccounting, e.Taken, e.Stored+e.DeadLettered+e.Dropped+e.Shed, trusted(e, ok),
		evidence(e, fmt.Sprintf("%d stored, %d dead-lettered, %d dropped, %d shed; loss fraction %g, tolerated %g",
			e.Stored, e.DeadLettered, e.Dropped, e.Shed, e.LossFraction, tolerated.Fraction)))
}

func storedTwice(e events.BooksClosed) Result {
	return counted(StoredTwice, 0, e.StoredTwice, trusted(e, e.StoredTwice == 0),
		evidence(e, fmt.Sprintf("%d of %d stored records stand twice", e.StoredTwice, e.Stored)))
}

func lostAcked(e events.BooksClosed, tolerated spec.Loss) Result {
	return counted(LostAcked, tolerated.Acked, e.LostAcked, trusted(e, e.LostAcked <= tolerated.Acked),
		evidence(e, fmt.Sprintf("%d lost after they were acknowledged, at most %d tolerated", e.LostAcked, tolerated.Acked)))
}

func storedAsSent(e events.BooksClosed, tolerated spec.Loss) Result {
	return counted(StoredAsSent, tolerated.Altered, e.Altered, trusted(e, e.Altered <= tolerated.Altered),
		evidence(e, fmt.Sprintf("%d stored otherwise than sent, at most %d tolerated; faults changed %d on their way, %d of them are dead letters",
			e.Altered, tolerated.Altered, e.Changed, e.Detected)))
}

func falseRejects(e events.BooksClosed, tolerated int64) Result {
	return counted(FalseRejects, tolerated, e.FalseRejects, trusted(e, e.FalseRejects <= tolerated),
		evidence(e, fmt.Sprintf("%d of %d dead letters are of records that no fault touched, at most %d tolerated", e.FalseRejects, e.DeadLettered, tolerated)))
}

// balanced is unknown where something could not be read, and violated where
// all was read and the sums differ.
func balanced(e events.BooksClosed) Result {
	row := counted(BooksBalanced, 1, 0, events.Unknown, evidence(e, fmt.Sprintf("%d taken, %d missing", e.Taken, Missing(e))))
	switch {
	case e.Balanced:
		row.Actual, row.Answer = "1", events.Holds
	case e.Why == "":
		row.Answer = events.Violated
	}
	return row
}

func counted(check string, expected, actual int64, a events.Answer, evidence string) Result {
	return Result{Check: check, Expected: fmt.Sprint(expected), Actual: fmt.Sprint(actual), Answer: a, Evidence: evidence}
}

// trusted is the answer of a count, unknown unless the books balance.
func trusted(e events.BooksClosed, ok bool) events.Answer {
	if !e.Balanced {
		return events.Unknown
	}
	return answer(ok)
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
