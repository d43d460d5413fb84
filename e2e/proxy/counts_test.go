//go:build e2e

package proxy_test

import (
	"iter"
	"os"
	"sync/atomic"
	"time"
)

// counts are those of a client that observes.
type counts struct {
	sent, acked, received atomic.Int64
	wrote                 atomic.Bool  // all that it was going to
	last                  atomic.Int64 // when it wrote or read, in nanoseconds since it began
}

// bursts are the numbers to write, some at each interval.
func (c *counts) bursts(o options) iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		beat := time.NewTicker(o.interval)
		defer beat.Stop()
		for end := o.out.began.Add(o.last); time.Now().Before(end) && !o.stopped(); <-beat.C {
			all := make([]int64, o.burst)
			for i := range all {
				all[i] = c.sent.Add(1) - 1
			}
			if !yield(all) {
				return
			}
		}
	}
}

// numbers are those of all bursts.
func (c *counts) numbers(o options) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for all := range c.bursts(o) {
			for _, n := range all {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// linger lets the records of a burst share a batch.
func (o options) linger() time.Duration {
	if o.burst > 1 {
		return 10 * time.Millisecond
	}
	return 0
}

func (o options) stopped() bool {
	_, err := os.Stat(o.stop)
	return err == nil
}

// renewed says whether the consumer is to leave, and another one to join.
func (o options) renewed() bool { return os.Remove(o.renew) == nil }

// written tells of a record that was sent at a time.
func (c *counts) written(out *teller, n int64, sent time.Time, partition int32, offset int64, err error) {
	took := time.Since(sent).Milliseconds()
	if err != nil {
		out.tell("error", map[string]any{"call": "produce", "n": n, "took_ms": took, "error": err.Error()})
		return
	}
	c.acked.Add(1)
	c.last.Store(time.Since(out.began).Nanoseconds())
	out.tell("acked", map[string]any{"n": n, "took_ms": took, "partition": partition, "offset": offset})
}

func (c *counts) read(out *teller, partition int32, offset int64, value []byte, at time.Time) {
	c.received.Add(1)
	c.last.Store(time.Since(out.began).Nanoseconds())
	out.received(partition, offset, value, at)
}

// more says whether to go on reading: what is acknowledged is read, too,
// unless it is not to be had.
func (c *counts) more(o options) bool {
	if !c.wrote.Load() {
		return time.Since(o.out.began) < o.last+patience
	}
	return c.received.Load() < c.acked.Load() && time.Since(o.out.began)-time.Duration(c.last.Load()) < quiet
}

func (c *counts) end(out *teller) {
	out.tell("end", map[string]any{"sent": c.sent.Load(), "acked": c.acked.Load(), "received": c.received.Load()})
}
