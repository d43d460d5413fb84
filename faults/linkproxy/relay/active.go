package relay

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
	"github.com/k2-platform/faultline/faults/linkproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

// active is a rule in force, with what it has come to.
type active struct {
	rule.Rule
	gate   *often.Gate
	delays *shape.Delays
	lifted chan struct{} // closed when it is no more in force
	met    atomic.Uint64 // pieces that were slowed, connections that were held, reset or refused
	unread atomic.Uint64 // connections whose requests cannot be told apart
	gone   atomic.Uint64 // requests that could not be answered in their turn
}

func newActive(r rule.Rule) *active {
	return &active{Rule: r, gate: often.NewGate(r.Often), delays: shape.NewDelays(r.Often.Seed), lifted: make(chan struct{})}
}

func (a *active) delay() time.Duration { return a.delays.Draw(a.Delay, a.Jitter, a.P99) }

func (a *active) count() control.Count {
	met := a.met.Load()
	c := control.Count{Seen: met, Met: met}
	if a.Do == rule.HTTPDelay || a.Do == rule.HTTPStatus {
		seen, met := a.gate.Counts()
		c = control.Count{Seen: uint64(seen), Met: uint64(met), Skipped: a.gone.Load(), Unread: a.unread.Load()} //nolint:gosec // both count up
		c.Touched = c.Met - c.Skipped
	}
	for why, n := range map[string]uint64{"no HTTP/1": c.Unread, "reset, since its turn did not come": c.Skipped} {
		if n > 0 {
			if c.Why == nil {
				c.Why = map[string]uint64{}
			}
			c.Why[why] = n
		}
	}
	return c
}

// state is what is in force on a link, until changed is closed.
type state struct {
	rules   []*active
	changed chan struct{}
}

// stalled is the partition that holds one way; nil: none does.
func (s *state) stalled(way rule.Way) *active {
	return s.find(func(a *active) bool { return a.Do == rule.Partition && a.Way.Takes(way) })
}

// has is the first that does one of these; nil: none does.
func (s *state) has(do ...rule.Do) *active {
	return s.find(func(a *active) bool { return slices.Contains(do, a.Do) })
}

func (s *state) find(is func(*active) bool) *active {
	for _, a := range s.rules {
		if is(a) {
			return a
		}
	}
	return nil
}

// shape is how one piece of bytes flows; nil: as it comes.
func (s *state) shape(way rule.Way) *shape.Shape {
	var head *shape.Shape
	for _, a := range s.rules {
		if !a.shapes(way) {
			continue
		}
		a.met.Add(1)
		one := &shape.Shape{PerSecond: a.PerSecond, Lifted: a.lifted, And: head}
		if a.Do == rule.Delay {
			one.Delay = a.delay()
		}
		head = one
	}
	return head
}

// shaped says whether shape would shape.
func (s *state) shaped(way rule.Way) bool {
	return s.find(func(a *active) bool { return a.shapes(way) }) != nil
}

func (a *active) shapes(way rule.Way) bool {
	return (a.Do == rule.Delay || a.Do == rule.Bandwidth) && a.Way.Takes(way)
}
