package judging

import (
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

// missed is what gaps took from the recovery.
type missed struct {
	from time.Time // begin of the first
	all  time.Duration
}

// miss notes a gap. For as long of it as the fault was there, nothing is known
// of what it did and what was maintained; for the rest of it, nothing of the
// recovery.
func (j *Judge) miss(s experiment.State, t events.Tick) {
	if t.Gap == nil || s.Injected.IsZero() {
		return
	}
	gone := t.At
	if s.Phase == experiment.Recovering {
		gone = s.RolledBack
	}
	if from, to := later(t.Gap.From, s.Injected), earlier(t.At, gone); from.Before(to) {
		j.watching.impact.miss(from, to, j.grace())
		for i := range j.watching.maintained {
			j.watching.maintained[i].miss(from, to, j.grace())
		}
	}
	if from := later(t.Gap.From, gone); from.Before(t.At) {
		if j.watching.missed.all == 0 {
			j.watching.missed.from = from
		}
		j.watching.missed.all += t.At.Sub(from)
	}
}

func (c *course) miss(from, to time.Time, grace time.Duration) {
	c.note(events.Unknown, from, grace)
	c.note(events.Unknown, to, grace)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
