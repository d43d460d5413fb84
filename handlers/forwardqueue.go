package handlers

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// add queues an entry. One that comes again takes its own place.
func (f *Forwarder) add(e halt.Entry) {
	c := carried{Entry: e}
	event, err := cloudevent.FromHeaders(e.Headers, e.Data)
	if err == nil {
		c.command, err = commands.Decode(e.Key, event)
	}
	if err == nil {
		f.Ahead.Add(c.command)
	} else {
		// The decider gives it up to the dead letters, with its cause and place.
		f.Log.Warn("what is in the outbox is no command", "seq", e.Seq, "key", e.Key, "error", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, was := f.done[e.Seq]; was {
		f.finish(c)
		return
	}
	i, waits := slices.BinarySearchFunc(f.queue, e.Seq, func(c carried, seq uint64) int { return cmp.Compare(c.Seq, seq) })
	if waits {
		f.queue[i] = c
		return
	}
	f.queue = slices.Insert(f.queue, i, c)
	f.wake()
}

// wake is called under f.mu.
func (f *Forwarder) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// head waits for the first entry of an experiment that nobody serves, and
// serves it.
func (f *Forwarder) head(ctx context.Context) (carried, bool) {
	for {
		f.mu.Lock()
		changed := f.changed
		for _, c := range f.queue {
			if !f.busy[c.Key] {
				f.busy[c.Key] = true
				f.mu.Unlock()
				return c, ctx.Err() == nil
			}
		}
		f.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return carried{}, false
		}
	}
}

// remove is done with an entry, as it was handed out last.
func (f *Forwarder) remove(c carried) {
	if c.command.Command != nil {
		f.Ahead.Carried(c.command)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.queue, func(q carried) bool { return q.Seq == c.Seq })
	c = f.queue[i]
	f.queue = slices.Delete(f.queue, i, i+1)
	f.done[c.Seq] = time.Now()
	delete(f.busy, c.Key)
	f.wake()
	f.finish(c)
}

func (f *Forwarder) finish(c carried) {
	if err := c.Done(); err != nil {
		f.Log.Debug("the outbox does not hear", "seq", c.Seq, "error", err)
	}
}
