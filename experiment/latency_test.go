package experiment_test

import (
	"testing"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

func TestAbortLatency(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(1_800_000_000+int64(seconds), 0) }
	// It began at 10, was stopped at 30, and recovered at 40.
	stopped := func(injected, gone int, recovered bool) experiment.State {
		s := experiment.State{Began: at(10), Injected: at(injected), Stopped: at(30), RolledBack: at(gone), Ended: at(40)}
		if recovered {
			s.Recovery = &events.RecoveryMeasured{}
		}
		return s
	}
	planned := stopped(20, 32, true)
	planned.Stopped = time.Time{}
	never := stopped(20, 32, true)
	never.Injected = time.Time{}
	const hour = 3600
	for name, c := range map[string]struct {
		s    experiment.State
		want time.Duration // 0: not known
	}{
		"all clocks agree":          {stopped(20, 32, true), 2 * time.Second},
		"ended as planned":          {planned, 0},
		"no fault was seen":         {never, 2 * time.Second},
		"stopped before it came":    {stopped(35, 37, true), 0},
		"the agent's clock ahead":   {stopped(20+hour, 32+hour, false), 0},
		"the agent's clock behind":  {stopped(20-hour, 32-hour, false), 0},
		"set ahead under the fault": {stopped(20, 32+hour, true), 0},
		"set back under the fault":  {stopped(20, 32-hour, true), 0},
		"set ahead from behind":     {stopped(20-hour, 32, false), 0},
		"aborted, reported in turn": {stopped(20, 41, false), 11 * time.Second},
	} {
		if got, known := c.s.AbortLatency(); got != c.want || known != (c.want > 0) {
			t.Errorf("%s: %s, %t, want %s", name, got, known, c.want)
		}
	}
}
