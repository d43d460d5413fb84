package conduct

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/wallclock"
)

const (
	// again is when a command is kept anew that the log does not show yet: it
	// may have become a dead letter while Kafka was away. Each time it takes
	// twice as long.
	again = 15 * time.Second
	// retry is the rest between two tries to store something.
	retry = time.Second
	// waiting bounds the commands of one experiment that are not stored.
	waiting = 64
)

// outbox stores an experiment's commands one after the other, so that they
// stand in the log in the order in which they fell due, and the clock never
// waits. What is stored is foreseen: the same order holds there.
type outbox struct {
	c     *Conductor
	queue chan commands.Envelope
	wait  sync.WaitGroup
	stop  context.CancelFunc
	fail  context.CancelCauseFunc // of the lead, where a command can never be sent

	mu   sync.Mutex
	sent []sent // put, and not in the log when that was last looked at
}

type sent struct {
	commands.Envelope
	at   time.Time // when it was queued last
	rest time.Duration
}

func newOutbox(ctx context.Context, c *Conductor, fail context.CancelCauseFunc) *outbox {
	ctx, stop := context.WithCancel(ctx)
	o := &outbox{c: c, queue: make(chan commands.Envelope, waiting), stop: stop, fail: fail}
	o.wait.Go(func() {
		for {
			select {
			case e := <-o.queue:
				o.store(ctx, e)
			case <-ctx.Done():
				return
			}
		}
	})
	return o
}

// put queues a command unless it was put before. Where there is no room it is
// queued at a later beat.
func (o *outbox) put(e commands.Envelope) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.ContainsFunc(o.sent, func(s sent) bool { return s.ID == e.ID }) {
		return
	}
	s := sent{Envelope: o.complete(e), rest: again}
	if o.enqueue(s.Envelope) {
		s.at = time.Now()
	}
	o.sent = append(o.sent, s)
}

func (o *outbox) enqueue(e commands.Envelope) bool {
	select {
	case o.queue <- e:
		return true
	default:
		return false
	}
}

// repeat forgets what the log has, and puts anew what it should have by now.
func (o *outbox) repeat(log experiment.State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = slices.DeleteFunc(o.sent, func(s sent) bool { return log.Handled(s.ID) })
	now := time.Now()
	for i, s := range o.sent {
		if now.Sub(s.at) >= s.rest && o.enqueue(s.Envelope) {
			o.sent[i].at, o.sent[i].rest = now, 2*s.rest
		}
	}
}

// deliver queues a command once there is room, unless ctx ends before.
func (o *outbox) deliver(ctx context.Context, e commands.Envelope) {
	select {
	case o.queue <- o.complete(e):
	case <-ctx.Done():
	}
}

// complete says who sends a command and when.
func (o *outbox) complete(e commands.Envelope) commands.Envelope {
	e.By = o.c.Name
	if e.At.IsZero() {
		e.At = wallclock.Now()
	}
	return e
}

// store tries until the command is stored or ctx ends. What would become a dead
// letter however often it is sent ends the lead instead.
func (o *outbox) store(ctx context.Context, e commands.Envelope) {
	for {
		err := o.c.Keep(ctx, e)
		if err == nil || ctx.Err() != nil {
			return
		}
		if errors.Is(err, commands.ErrUnreadable) {
			o.fail(fmt.Errorf("command %s: %w", e.ID, err))
			return
		}
		o.c.Problems.Warn("a command waits", "command", e.ID, "error", err)
		if !pause.For(ctx, retry) {
			return
		}
	}
}

func (o *outbox) close() {
	o.stop()
	o.wait.Wait()
}
