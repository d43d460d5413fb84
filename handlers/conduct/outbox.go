package conduct

import (
	"context"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
)

const (
	// again is when a command is sent anew that the log does not show yet: it
	// may have become a dead letter while Kafka was away.
	again = 15 * time.Second
	// retry is the rest between two tries to store one.
	retry = time.Second
	// waiting bounds the commands of one experiment that are not stored.
	waiting = 64
)

// outbox stores an experiment's commands one after the other, so that they
// stand in the log in the order in which they fell due, and the clock never
// waits for Kafka.
type outbox struct {
	c     *Conductor
	queue chan commands.Envelope
	wait  sync.WaitGroup
	stop  context.CancelFunc

	mu   sync.Mutex
	sent map[string]time.Time
}

func newOutbox(ctx context.Context, c *Conductor) *outbox {
	ctx, stop := context.WithCancel(ctx)
	o := &outbox{c: c, queue: make(chan commands.Envelope, waiting), stop: stop, sent: map[string]time.Time{}}
	o.wait.Go(func() {
		for {
			select {
			case e := <-o.queue:
				o.deliver(ctx, e)
			case <-ctx.Done():
				return
			}
		}
	})
	return o
}

// put queues a command unless it was put a moment ago. A full queue leaves it
// out: what is due is due again at the next tick.
func (o *outbox) put(e commands.Envelope) {
	if !o.mark(e.ID) {
		return
	}
	select {
	case o.queue <- e:
	default:
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.sent, e.ID)
	}
}

func (o *outbox) mark(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if at, ok := o.sent[id]; ok && now.Sub(at) < again {
		return false
	}
	o.sent[id] = now
	return true
}

// deliver tries until the command is stored or ctx ends.
func (o *outbox) deliver(ctx context.Context, e commands.Envelope) {
	e.By = o.c.Name
	if e.At.IsZero() {
		e.At = time.Now().UTC()
	}
	for {
		err := o.c.Send(ctx, e)
		if err == nil || ctx.Err() != nil {
			return
		}
		o.c.Problems.Warn("a command waits", "command", e.ID, "error", err)
		if !sleep(ctx, retry) {
			return
		}
	}
}

func (o *outbox) close() {
	o.stop()
	o.wait.Wait()
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
