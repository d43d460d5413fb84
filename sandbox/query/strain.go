package query

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/sandbox/defect"
)

const (
	pulseEvery  = 50 * time.Millisecond
	strainEvery = time.Second // how long what is judged lasts

	// A service is strained when its threads wait for a processor longer than
	// this share of a second, and much longer than they run, or when what it
	// means to do at once is late by lateMean on average.
	waitPerSecond = 500 * time.Millisecond
	waitPerRun    = 4
	lateMean      = 20 * time.Millisecond

	strainedAfter = 2 // stretches in a row
	relaxedAfter  = 3
	slowRelaxed   = int(slowTry / strainEvery)
)

// strain notices that the service gets too little processor time, whatever
// takes it: others on its processors, or its own quota. It measures itself:
// how long its threads waited to run, as the kernel counts it, and how late it
// wakes up. It asks for 20 wake-ups a second.
type strain struct {
	waits   func() (run, wait time.Duration, err error)
	relaxed int

	now         atomic.Bool
	bad, good   int
	lastRun     time.Duration
	lastWait    time.Duration
	comparisons bool // lastRun and lastWait are set
}

func newStrain(d defect.Set) *strain {
	s := &strain{waits: threadWaits, relaxed: relaxedAfter}
	if d.Has(defect.SlowRecovery) {
		s.relaxed = slowRelaxed
	}
	return s
}

// slow says whether answers must be cheap now.
func (s *strain) slow() bool { return s.now.Load() }

// watch measures until ctx ends.
func (s *strain) watch(ctx context.Context) {
	pulse := time.NewTicker(pulseEvery)
	defer pulse.Stop()
	began, due, late, n := time.Now(), time.Now().Add(pulseEvery), time.Duration(0), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-pulse.C:
		}
		now := time.Now()
		late, n = late+max(0, now.Sub(due)), n+1
		due = now.Add(pulseEvery)
		if took := now.Sub(began); took >= strainEvery {
			s.judge(took, late/time.Duration(n))
			began, late, n = now, 0, 0
		}
	}
}

// judge takes one stretch. Several in a row change the answer, so that a hiccup
// does not.
func (s *strain) judge(took, late time.Duration) {
	run, wait, err := s.waits()
	strained := late > lateMean
	if err == nil && s.comparisons {
		ran, waited := run-s.lastRun, wait-s.lastWait
		perSecond := time.Duration(float64(waited) / took.Seconds())
		strained = strained || perSecond > waitPerSecond && waited > waitPerRun*ran
	}
	s.lastRun, s.lastWait, s.comparisons = run, wait, err == nil
	if strained {
		s.bad, s.good = s.bad+1, 0
	} else {
		s.bad, s.good = 0, s.good+1
	}
	switch {
	case s.bad >= strainedAfter:
		s.now.Store(true)
	case s.good >= s.relaxed:
		s.now.Store(false)
	}
}

// threadWaits is how long the threads of this process ran and how long they
// were ready to run and did not: /proc/<pid>/task/<tid>/schedstat, as in
// Documentation/scheduler/sched-stats.rst of the Linux kernel. What a thread
// that ended had is gone from the sum.
func threadWaits() (run, wait time.Duration, err error) {
	files, err := filepath.Glob("/proc/self/task/*/schedstat")
	if err == nil && len(files) == 0 {
		err = os.ErrNotExist
	}
	if err != nil {
		return 0, 0, fmt.Errorf("finding this process's threads: %w", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f) //nolint:gosec // the kernel names it
		if err != nil {
			continue // it ended meanwhile
		}
		var ran, waited, slices int64
		if _, err := fmt.Sscan(string(text), &ran, &waited, &slices); err != nil {
			return 0, 0, fmt.Errorf("reading %s: %w", f, err)
		}
		run, wait = run+time.Duration(ran), wait+time.Duration(waited)
	}
	return run, wait, nil
}
