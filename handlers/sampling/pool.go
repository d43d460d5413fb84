package sampling

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/internal/wallclock"
	"github.com/k2-platform/faultline/observe"
)

const (
	// beat is the period of an experiment's clock.
	beat = time.Second
	// shortest and longest time for one poll.
	shortest = time.Second
	longest  = 6 * time.Second
)

// Pool polls sources while somebody watches them. The zero value is not
// ready; use NewPool.
type Pool struct {
	inspect observe.Inspector
	log     *slog.Logger
	wall    func() time.Time
	mu      sync.Mutex
	polls   map[string]*poll
}

// NewPool makes a pool that polls nothing yet. Table metrics are asked of
// inspect; nil means that there is none to ask.
func NewPool(inspect observe.Inspector, log *slog.Logger) *Pool {
	return &Pool{inspect: inspect, log: log, wall: wallclock.Now, polls: map[string]*poll{}}
}

// Watch implements conduct.Clock. Ticks and readings bear the time of one life,
// however the wall clock is set meanwhile.
func (p *Pool) Watch(ctx context.Context, w conduct.Watch, each func(events.Tick)) error {
	all, err := sources(w.Platform, w.Document.Metrics, w.Metrics, p.inspect)
	if err != nil {
		return err
	}
	life := wallclock.Begin(p.wall(), w.NotBefore)
	in := &inbox{life: life, came: make(chan struct{}, 1)}
	for _, s := range all {
		leave, err := p.join(ctx, s, time.Duration(w.Document.Baseline.Every), in)
		if err != nil {
			return err
		}
		defer leave()
	}
	clock := time.NewTicker(beat)
	defer clock.Stop()
	tick := func(readings []events.Reading) events.Tick {
		return events.Tick{Experiment: w.Experiment, At: life.Now().Truncate(time.Millisecond), Readings: readings}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-in.came:
			if w.Urgent == nil || !w.Urgent(tick(in.look())) {
				continue
			}
		case <-clock.C:
		}
		if ctx.Err() != nil {
			return nil
		}
		each(tick(in.take()))
	}
}

// inbox holds the readings since the last tick.
type inbox struct {
	life     wallclock.Life
	came     chan struct{} // a reading, since it was last looked at
	mu       sync.Mutex
	readings []events.Reading
}

func (i *inbox) put(readings []events.Reading) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, r := range readings {
		r.At = i.life.Of(r.At)
		i.readings = append(i.readings, r)
	}
	select {
	case i.came <- struct{}{}:
	default:
	}
}

// look shows what is there, as take will give it.
func (i *inbox) look() []events.Reading {
	i.mu.Lock()
	defer i.mu.Unlock()
	return inOrder(slices.Clone(i.readings))
}

// take empties the inbox.
func (i *inbox) take() []events.Reading {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := i.readings
	i.readings = nil
	return inOrder(out)
}

// inOrder sorts by what does not depend on who was first.
func inOrder(out []events.Reading) []events.Reading {
	slices.SortStableFunc(out, func(a, b events.Reading) int {
		if c := strings.Compare(a.Metric, b.Metric); c != 0 {
			return c
		}
		return a.At.Compare(b.At)
	})
	return out
}
