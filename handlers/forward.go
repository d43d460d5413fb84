package handlers

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/internal/failpoint"
	"github.com/k2-platform/faultline/internal/pause"
)

// Forwarder carries commands from the outbox, where they are kept without
// Kafka, to Kafka: those of one experiment in their order, each until Kafka has
// it, however long that takes. Ahead hears of each at once. All fields must be set; run it once, and
// only one on an outbox at a time: it takes the outbox from whoever had it.
type Forwarder struct {
	// Take hands out what is in the outbox until ctx ends; halt.Conn has it.
	Take      func(ctx context.Context, each func(halt.Entry)) error
	Publisher message.Publisher
	Topic     string
	Ahead     *Ahead
	Log       *slog.Logger

	mu      sync.Mutex
	queue   []carried       // by Seq
	busy    map[string]bool // by key: one of them is on its way
	done    map[uint64]time.Time
	changed chan struct{} // closed when there may be something to carry
}

// carried is an entry and the command that it holds, if it is one.
type carried struct {
	halt.Entry
	command commands.Envelope
}

const (
	// keepEvery is how often the outbox hears of what still waits. It gives an
	// entry out anew when it hears nothing for three times as long.
	keepEvery = 5 * time.Second
	// remember is how long an entry that was carried is known again, in case
	// the outbox did not hear of it.
	remember = time.Minute
	// lanes is how many experiments are served at a time.
	lanes        = 16
	firstRetry   = 100 * time.Millisecond
	longestRetry = 2 * time.Second
)

// Run carries until ctx ends. What waits then stays in the outbox.
func (f *Forwarder) Run(ctx context.Context) error {
	f.mu.Lock()
	f.busy, f.done, f.changed = map[string]bool{}, map[uint64]time.Time{}, make(chan struct{})
	f.mu.Unlock()
	var wait sync.WaitGroup
	wait.Go(func() { f.take(ctx) })
	wait.Go(func() { f.keep(ctx) })
	for range lanes {
		wait.Go(func() { f.carry(ctx) })
	}
	wait.Wait()
	return nil
}

// take reads the outbox, and goes back to it when it was cut off.
func (f *Forwarder) take(ctx context.Context) {
	for rest := firstRetry; ; rest = min(2*rest, longestRetry) {
		began := time.Now()
		err := f.Take(ctx, f.add)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > longestRetry {
			rest = firstRetry
		}
		f.Log.Warn("the outbox is read again", "error", err)
		if !pause.For(ctx, rest) {
			return
		}
	}
}

// keep tells the outbox of what waits.
func (f *Forwarder) keep(ctx context.Context) {
	for pause.For(ctx, keepEvery) {
		f.mu.Lock()
		waiting := slices.Clone(f.queue)
		for seq, at := range f.done {
			if time.Since(at) > remember {
				delete(f.done, seq)
			}
		}
		f.mu.Unlock()
		for _, c := range waiting {
			if err := c.Keep(); err != nil {
				f.Log.Debug("the outbox does not hear", "seq", c.Seq, "error", err)
			}
		}
	}
}

// carry publishes what is next of some experiment, then what is next of
// another.
func (f *Forwarder) carry(ctx context.Context) {
	for {
		c, ok := f.head(ctx)
		if !ok || !f.publish(ctx, c) {
			return
		}
		f.remove(c)
	}
}

// publish tries until Kafka has the entry, or will never take it; false when
// ctx ended first.
func (f *Forwarder) publish(ctx context.Context, c carried) bool {
	for rest := firstRetry; ; rest = min(2*rest, longestRetry) {
		failpoint.Reach(failpoint.Carrying)
		err := send(ctx, f.Publisher, f.Topic, c.message())
		switch {
		case ctx.Err() != nil:
			return false
		case poison.Is(err):
			f.Log.Error("Kafka will never take this; it is given up", "seq", c.Seq, "key", c.Key, "headers", c.Headers, "data", string(c.Data), "error", err)
			return true
		case err == nil:
			failpoint.Reach(failpoint.Carried)
			return true
		}
		f.Log.Debug("the outbox waits for Kafka", "seq", c.Seq, "error", err)
		if !pause.For(ctx, rest) {
			return false
		}
	}
}

// message is the entry as it was put, under its own key.
func (c carried) message() *message.Message {
	msg := message.NewMessage(c.Headers[cloudevent.HeaderID], c.Data)
	for name, value := range c.Headers {
		msg.Metadata.Set(name, value)
	}
	origin.SetKey(msg, c.Key)
	return msg
}
