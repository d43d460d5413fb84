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
	wrote                 atomic.Bool // all that it was going to
}

// numbers are those to write, one at each interval.
func (c *counts) numbers(o options) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		beat := time.NewTicker(o.interval)
		defer beat.Stop()
		for end := o.out.began.Add(o.last); time.Now().Before(end) && !o.stopped(); <-beat.C {
			if !yield(c.sent.Add(1) - 1) {
				return
			}
		}
	}
}

func (o options) stopped() bool {
	_, err := os.Stat(o.stop)
	return err == nil
}

func (c *counts) written(out *teller, n int64, partition int32, offset int64, err error) {
	if err != nil {
		out.tell("error", map[string]any{"call": "produce", "n": n, "error": err.Error()})
		return
	}
	c.acked.Add(1)
	out.tell("acked", map[string]any{"n": n, "partition": partition, "offset": offset})
}

func (c *counts) read(out *teller, partition int32, offset int64, value []byte) {
	c.received.Add(1)
	out.received(partition, offset, value)
}

// more says whether to go on reading: what is acknowledged is read, too,
// unless it is not to be had.
func (c *counts) more(o options) bool {
	if !c.wrote.Load() {
		return time.Since(o.out.began) < o.last+patience
	}
	return c.received.Load() < c.acked.Load() && time.Since(o.out.began) < o.last+patience
}

func (c *counts) end(out *teller) {
	out.tell("end", map[string]any{"sent": c.sent.Load(), "acked": c.acked.Load(), "received": c.received.Load()})
}
