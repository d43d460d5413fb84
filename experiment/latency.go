package experiment

import "time"

// AbortLatency is how long it took from what ended an experiment early until
// the last of its faults was seen gone. It is not known where the end was
// planned, and where the clocks of who stopped it and of its agents contradict
// each other.
func (s State) AbortLatency() (took time.Duration, known bool) {
	if s.Stopped.IsZero() || !s.RolledBack.After(s.Stopped) {
		return 0, false
	}
	if !s.Injected.IsZero() && (s.Injected.Before(s.Began) || s.Injected.After(s.Stopped)) {
		return 0, false
	}
	// Whoever measures recovery has seen the fault gone before.
	if s.Recovery != nil && !s.Ended.IsZero() && s.RolledBack.After(s.Ended) {
		return 0, false
	}
	return s.RolledBack.Sub(s.Stopped), true
}
