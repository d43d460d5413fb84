package experiment

import (
	"cmp"
	"fmt"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// checked is what the integrity checks say, whether or not the books are closed:
// what one has seen is seen, and one without an answer leaves the verdict open.
// Of one that says the same of several windows the first is told, and how many
// follow.
func checked(b events.BooksClosed, allowed spec.Loss) []loss {
	type saying struct {
		check  string
		answer events.Answer
	}
	var out []loss
	at, more := map[saying]int{}, map[int]int{}
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
		if first, ok := at[saying{c.Check, answer}]; ok {
			more[first]++
			continue
		}
		at[saying{c.Check, answer}] = len(out)
		out = append(out, loss{answer, fmt.Sprintf("integrity_check: %s: expected %s, found %s%s: %s",
			c.Check, cmp.Or(c.Expected, "an answer"), cmp.Or(c.Actual, "none"), but, brief(c.Evidence))})
	}
	for i, n := range more {
		out[i].text += fmt.Sprintf("; and %d more of this check", n)
	}
	return out
}

// mostEvidence is how much of a check's evidence stands in the reason of a
// verdict, in characters; all of it is in chaos.integrity_checks.
const mostEvidence = 160

func brief(evidence string) string {
	if all := []rune(evidence); len(all) > mostEvidence {
		return string(all[:mostEvidence]) + "…"
	}
	return evidence
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
