package experiment

import "github.com/k2-platform/faultline/events"

// Exit codes of `faultline run`. Where several apply the order is
// 4 > 3 > 2 > 1 > 5 > 0.
const (
	ExitUpheld       = 0
	ExitRefuted      = 1
	ExitInvalid      = 2
	ExitAborted      = 3
	ExitNotRecovered = 4
	ExitInconclusive = 5
)

// ExitCode is what a run of this experiment ends with. An experiment that is
// not over is inconclusive.
func ExitCode(s State) int {
	switch {
	case s.any(Requested, Present, Undoing, StuckStep), s.Recovery != nil && !s.Recovery.Recovered:
		return ExitNotRecovered
	case s.Phase == Aborted:
		return ExitAborted
	case s.Phase == Denied:
		return ExitInvalid
	}
	switch s.Verdict {
	case events.Refuted:
		return ExitRefuted
	case events.Upheld:
		return ExitUpheld
	case events.Inconclusive:
	}
	return ExitInconclusive
}
