package conduct

import (
	"context"
	"sync"
	"time"

	"github.com/k2-platform/faultline/events"
)

// tapeLength bounds the ticks that wait for Kafka: ten minutes of them.
const tapeLength = 600

// lastWords bounds how long the end of the process waits for them.
const lastWords = 5 * time.Second

// tape records ticks in their order while the clock goes on. It is used by
// the clock's goroutine alone.
type tape struct {
	queue chan events.Tick
	stop  context.CancelFunc
	wait  sync.WaitGroup
}

func newTape(ctx context.Context, c *Conductor) *tape {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	t := &tape{queue: make(chan events.Tick, tapeLength), stop: stop}
	t.wait.Go(func() {
		for tick := range t.queue {
			c.keep(ctx, tick)
		}
	})
	return t
}

// keep records one tick, however often that takes, until ctx ends.
func (c *Conductor) keep(ctx context.Context, tick events.Tick) {
	for {
		if err := c.Record(ctx, tick); err == nil || !sleep(ctx, retry) {
			return
		}
	}
}

// record queues a tick, and says whether there was room. A tick that had none
// is not judged either, so that the log holds whatever was judged.
func (t *tape) record(tick events.Tick) bool {
	select {
	case t.queue <- tick:
		return true
	default:
		return false
	}
}

// close returns once all that is queued is recorded, however long Kafka is
// away: a verdict without its readings could not be judged again. The end of
// ctx, that of the process, waits a moment only.
func (t *tape) close(ctx context.Context) {
	close(t.queue)
	waiting, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	forget := context.AfterFunc(ctx, func() {
		sleep(waiting, lastWords)
		t.stop()
	})
	defer forget()
	t.wait.Wait()
	t.stop()
}
