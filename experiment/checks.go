package experiment

import (
	"cmp"
	"fmt"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// checked is what the integrity checks say, whether or not the books are closed:
// what one has seen is seen, and one without an answer leaves the verdict open.
func checked(b events.BooksClosed, allowed spec.Loss) []loss {
	var out []loss
	for _, c := range b.Checks {
		answer, but := c.Answer, ""
		if answer == events.Violated && c.Compares() {
			if counted(b, allowed) {
				continue
			}
			if but = excuse(b, allowed); but != "" {
				answer = events.Unknown
			}
		}
		out = append(out, loss{answer, fmt.Sprintf("integrity_check: %s: expected %s, found %s%s: %s",
			c.Check, cmp.Or(c.Expected, "an answer"), cmp.Or(c.Actual, "none"), but, c.Evidence)})
	}
	return out
}

// counted says that the ledger has counted all that log and table may differ
// in, record by record, and that the document tolerates some of it: then those
// counts decide, and not that there is a difference.
func counted(b events.BooksClosed, allowed spec.Loss) bool {
	return b.Balanced && b.Ledger != nil && b.Ledger.Complete && tolerant(allowed)
}

func tolerant(allowed spec.Loss) bool { return allowed.Acked > 0 || allowed.Altered > 0 }

// excuse is why a difference between log and table may be no fault of the
// system's; "" where there is no excuse.
func excuse(b events.BooksClosed, allowed spec.Loss) string {
	switch {
	case b.Truth != nil && !b.Truth.Complete:
		return ", and which of the records the faults changed is not known"
	case tolerant(allowed):
		return ", and no complete ledger says whether that is tolerated"
	}
	return ""
}
