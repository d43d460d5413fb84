package sampling

import (
	"context"
	"sync"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/observe"
	"github.com/k2-platform/faultline/spec"
)

// poll asks one source again and again for all who watch it.
type poll struct {
	pool     *Pool
	key      string
	sampler  observe.Sampler
	patience time.Duration // that the source needs at least
	close    func()
	stop     context.CancelFunc
	mu       sync.Mutex
	watchers map[*inbox]time.Duration // how often each wants it
}

// join adds a watcher to a source's poll, and starts that for the first.
// leave takes it away again, and ends the poll with the last.
func (p *Pool) join(ctx context.Context, s source, every time.Duration, in *inbox) (leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q, ok := p.polls[s.key]
	if !ok {
		sampler, closed, err := s.open()
		if err != nil {
			return nil, err
		}
		work, stop := context.WithCancel(context.WithoutCancel(ctx))
		q = &poll{pool: p, key: s.key, sampler: sampler, patience: s.patience, close: closed, stop: stop, watchers: map[*inbox]time.Duration{}}
		p.polls[s.key] = q
		q.watchers[in] = every
		go q.run(work)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.watchers[in] = every
	return func() { p.leave(q, in) }, nil
}

func (p *Pool) leave(q *poll, in *inbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.watchers, in)
	if len(q.watchers) == 0 {
		q.stop()
		delete(p.polls, q.key)
	}
}

// run polls until the last watcher has left. Times are kept on a grid: a slow
// answer delays no later one, it takes its place.
func (q *poll) run(ctx context.Context) {
	defer q.close()
	failing := false
	for {
		began := time.Now()
		every := q.every()
		failing = q.once(ctx, max(min(max(every, shortest), longest), q.patience), failing)
		if !pause.For(ctx, max(every-time.Since(began), 0)) {
			return
		}
	}
}

func (q *poll) every() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := time.Duration(0)
	for _, d := range q.watchers {
		if out == 0 || d < out {
			out = d
		}
	}
	return max(out, time.Duration(spec.ShortestEvery))
}

// once asks and hands on. A source that fails gives no reading, and is told of
// once for each outage.
func (q *poll) once(ctx context.Context, within time.Duration, failing bool) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	readings, err := q.sampler.Sample(ctx)
	if err != nil && !failing && ctx.Err() == nil {
		q.pool.log.Info("a metric cannot be read", "error", err)
	}
	q.hand(readings)
	return err != nil
}

func (q *poll) hand(readings []events.Reading) {
	if len(readings) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for in := range q.watchers {
		in.put(readings)
	}
}
