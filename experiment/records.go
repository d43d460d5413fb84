package experiment

import (
	"cmp"
	"fmt"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// ledger is what the classes of the records say on top of the books: of what
// the books count themselves only what they did not see.
func ledger(b events.BooksClosed, allowed spec.Loss) []loss {
	if b.Ledger == nil {
		return nil
	}
	of := b.Ledger.Classes
	var out []loss
	if why := open(*b.Ledger); why != "" {
		out = append(out, loss{events.Unknown, "books_open: " + why})
	}
	violated := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, loss{events.Violated, fmt.Sprintf(format, args...)})
		}
	}
	lost, altered := of["lost_acked"], of["altered"]+of["corrupted_accepted"]
	violated(lost > allowed.Acked && b.LostAcked <= allowed.Acked,
		"lost_acked: %d records of the log are neither stored nor dead letters, tolerated were %d", lost, allowed.Acked)
	violated(altered > allowed.Altered && b.Altered <= allowed.Altered,
		"altered: %d records are stored otherwise than they were sent, tolerated were %d", altered, allowed.Altered)
	violated(of["stored_n"] > 0 && b.StoredTwice == 0, "stored_n: %d records stand more than once in the table", of["stored_n"])
	violated(of["phantom"] > 0, "phantom: %d records are stored that nobody sent", of["phantom"])
	violated(of["stored_and_dead_lettered"] > 0, "stored_and_dead_lettered: %d records are both stored and dead letters", of["stored_and_dead_lettered"])
	return out
}

// open says why a ledger of records is not closed; "" where it is. Whoever
// closed the books may not have looked.
func open(l events.RecordLedger) string {
	switch {
	case !l.Complete:
		return "the ledger of records is not complete: " + cmp.Or(l.Why, "it does not say why")
	case l.Unknown > 0 || l.Classes["in_flight"] > 0:
		return fmt.Sprintf("of %d records it is not known what became of them", l.Unknown+l.Classes["in_flight"])
	}
	return ""
}
