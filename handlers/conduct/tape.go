package conduct

import (
	"context"
	"sync"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/pause"
)

// tapeLength bounds the ticks that wait for Kafka: ten minutes of them.
const tapeLength = 10 * time.Minute

// lastWords bounds how long the end of the process waits for them.
const lastWords = 5 * time.Second

// tape records ticks in their order while the clock goes on. It is filled by
// the clock's goroutine alone.
type tape struct {
	stop context.CancelFunc
	wait sync.WaitGroup

	mu    sync.Mutex
	queue []events.Tick // the first is being recorded
	more  chan struct{} // closed when there will be none
}

func newTape(ctx context.Context, c *Conductor) *tape {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	t := &tape{stop: stop, more: make(chan struct{}, 1)}
	t.wait.Go(func() {
		for range t.more {
			for tick, ok := t.head(); ok; tick, ok = t.head() {
				c.keep(ctx, tick)
				t.next()
			}
		}
	})
	return t
}

func (t *tape) head() (events.Tick, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return events.Tick{}, false
	}
	return t.queue[0], true
}

func (t *tape) next() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queue[0] = events.Tick{} // its readings are not held any longer
	t.queue = t.queue[1:]
}

// keep records one tick, however often that takes, until ctx ends. Of one that
// cannot be written it records that it is missing.
func (c *Conductor) keep(ctx context.Context, tick events.Tick) {
	for {
		err := c.Record(ctx, tick)
		switch {
		case err == nil:
			return
		case poison.Is(err) && len(tick.Readings) > 0:
			c.Problems.Error("a tick cannot be written", "experiment", tick.Experiment, "seq", tick.Seq, "error", err)
			if tick.Readings = nil; tick.Gap == nil {
				tick.Gap = &events.Gap{From: tick.At, To: tick.At}
			}
			tick.Gap.Why = "its readings cannot be written: " + err.Error()
		case poison.Is(err) || !pause.For(ctx, retry):
			return
		}
	}
}

// record queues a tick, and says whether there was room. A tick that had none
// is not judged either, so that the log holds whatever was judged.
func (t *tape) record(tick events.Tick) bool {
	t.mu.Lock()
	if len(t.queue) > 0 && tick.At.Sub(t.queue[0].At) > tapeLength {
		t.mu.Unlock()
		return false
	}
	t.queue = append(t.queue, tick)
	t.mu.Unlock()
	select {
	case t.more <- struct{}{}:
	default:
	}
	return true
}

// close returns once all that is queued is recorded, however long Kafka is
// away: a verdict without its readings could not be judged again. The end of
// ctx, that of the process, waits a moment only.
func (t *tape) close(ctx context.Context) {
	close(t.more)
	waiting, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	forget := context.AfterFunc(ctx, func() {
		pause.For(waiting, lastWords)
		t.stop()
	})
	defer forget()
	t.wait.Wait()
	t.stop()
}
