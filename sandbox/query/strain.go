package query

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/sandbox/defect"
)

const (
	strainEvery = time.Second // how long what is judged lasts

	// A service is strained when its control group used up its quota in this share
	// of a second's periods, or when its answers took this long on average. That
	// others keep the machine busy is no strain as long as answers are quick.
	throttledShare = 0.5
	slowAnswer     = time.Second

	strainedAfter = 2 // stretches in a row
	relaxedAfter  = 3
	slowRelaxed   = int(slowTry / strainEvery)
)

// strain notices that the service gets too little processor time: by its own
// quota, as the kernel counts it, and by its own answers.
type strain struct {
	throttled func() (periods int64, each time.Duration, err error) // in which the quota was used up
	relaxed   int

	now        atomic.Bool
	bad, good  int
	last       int64 // periods
	comparable bool  // last is set
	told       bool  // that periods cannot be read

	mu      sync.Mutex
	answers int
	took    time.Duration // all of them
}

func newStrain(d defect.Set) *strain {
	s := &strain{throttled: ownThrottling, relaxed: relaxedAfter}
	if d.Has(defect.SlowRecovery) {
		s.relaxed = slowRelaxed
	}
	return s
}

// slow says whether answers must be cheap now.
func (s *strain) slow() bool { return s.now.Load() }

// answered takes how long an answer took. One that waited for a store that is
// away says nothing about the processor, and is not to be counted.
func (s *strain) answered(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers, s.took = s.answers+1, s.took+took
}

// watch measures until ctx ends.
func (s *strain) watch(ctx context.Context) {
	ticker := time.NewTicker(strainEvery)
	defer ticker.Stop()
	for began := time.Now(); ; began = time.Now() {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s.judge(ctx, time.Since(began))
	}
}

// judge takes one stretch. Several in a row change the answer, so that a hiccup
// does not.
func (s *strain) judge(ctx context.Context, lasted time.Duration) {
	s.mu.Lock()
	mean := s.took / time.Duration(max(1, s.answers))
	s.answers, s.took = 0, 0
	s.mu.Unlock()
	share := s.share(ctx, lasted)
	if mean > slowAnswer || share >= throttledShare {
		s.bad, s.good = s.bad+1, 0
	} else {
		s.bad, s.good = 0, s.good+1
	}
	was := s.slow()
	switch {
	case s.bad >= strainedAfter:
		s.now.Store(true)
	case s.good >= s.relaxed:
		s.now.Store(false)
	}
	if now := s.slow(); now != was {
		slog.WarnContext(ctx, "cheap answers", "on", now, "throttled_share", share, "mean_answer", mean)
	}
}

// share is in how much of a stretch the quota was used up.
func (s *strain) share(ctx context.Context, lasted time.Duration) float64 {
	periods, each, err := s.throttled()
	if err != nil && !s.told {
		s.told = true
		slog.WarnContext(ctx, "the quota of this process is not known: only slow answers tell that processor time is short", "error", err)
	}
	more, had := periods-s.last, s.comparable
	s.last, s.comparable = periods, err == nil
	if err != nil || !had || more <= 0 { // less than before: another quota counts now
		return 0
	}
	return float64(time.Duration(more)*each) / float64(lasted)
}

// ownThrottling is that of the nearest quota that bounds this process. Without
// one there is none.
func ownThrottling() (periods int64, each time.Duration, err error) {
	g, err := cgroup.FS{}.Of(os.Getpid(), cgroup.CPU)
	if errors.Is(err, cgroup.ErrNone) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	g, q, bound, err := g.Bounding()
	if err != nil || !bound {
		return 0, 0, err
	}
	t, err := g.Throttling()
	return t.Throttled, q.Period, err
}
