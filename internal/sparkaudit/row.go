package sparkaudit

import (
	"time"

	"github.com/k2-platform/faultline/events"
)

// Row is what one check found in one window of the records. The zero value is
// an unknown answer.
type Row struct {
	Check    string
	From, To time.Time // by the records' time
	Expected string    // a number, exact, or a short text
	Actual   string
	Answer   events.Answer
	Evidence string        // what shows it again, or why there is no answer
	Cost     time.Duration // of the whole check, whichever of its rows this is
}

// answer is that of a check that ran.
func answer(ok bool) events.Answer {
	if ok {
		return events.Holds
	}
	return events.Violated
}
