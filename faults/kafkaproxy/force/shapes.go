package force

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

// Shape implements relay.Faults. Rates are of each connection and direction
// (see shape.Line).
func (e *Engine) Shape(l relay.Link, h *frame.Header, x *relay.Exchange, way rule.Direction) *shape.Shape {
	var head *shape.Shape
	for _, a := range e.inForce() {
		if a.Bytes == nil || !e.shapes(a, l, h, x, way) || !a.gate.Hit() {
			continue
		}
		one := a.shape()
		if head == nil {
			head = one
			continue
		}
		head.Reset = head.Reset || one.Reset
		head.CloseDelay += one.CloseDelay
		one.And, head.And = head.And, one
	}
	return head
}

func (e *Engine) shapes(a *active, l relay.Link, h *frame.Header, x *relay.Exchange, way rule.Direction) bool {
	if h == nil {
		return a.Where.Link(l.Broker, way)
	}
	f := e.frame(l, *h)
	f.Way = way
	if !a.header(f) {
		return false
	}
	if !a.Where.Deep() && len(a.Where.Groups) == 0 {
		return true
	}
	if x == nil { // its body was not asked for: the rule is younger
		return !a.Where.Deep() && a.ofGroup(f.Group)
	}
	return a.body(x)
}

func (a *active) shape() *shape.Shape {
	b := a.Bytes
	switch b.Do {
	case rule.Delay:
		return &shape.Shape{Delay: a.delays.draw(*b), Lifted: a.lifted}
	case rule.Bandwidth:
		return &shape.Shape{PerSecond: b.PerSecond, Lifted: a.lifted}
	case rule.Reset:
		return &shape.Shape{Reset: true}
	case rule.BlackHole, rule.Partition:
		return &shape.Shape{Stalled: a.lifted}
	case rule.SlowClose:
		return &shape.Shape{CloseDelay: b.Delay}
	}
	return &shape.Shape{}
}

// delays draws how long frames wait.
type delays struct {
	mu   sync.Mutex
	dice *rand.Rand
}

func (d *delays) seed(seed uint64) {
	d.dice = rand.New(rand.NewPCG(seed, 0xD1B54A32D192ED03)) //nolint:gosec // a fault that can be repeated, no secret
}

// draw gives one wait, never below zero. With P99 it is log-normal: its
// logarithm is normal about that of the median, and the 99th percentile of
// the standard normal distribution is 2.326.
func (d *delays) draw(b rule.Bytes) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case b.P99 > b.Delay && b.Delay > 0:
		sigma := math.Log(float64(b.P99)/float64(b.Delay)) / 2.3263478740408408
		return time.Duration(float64(b.Delay) * math.Exp(sigma*d.dice.NormFloat64()))
	case b.Jitter > 0:
		return max(0, b.Delay+time.Duration((2*d.dice.Float64()-1)*float64(b.Jitter)))
	}
	return b.Delay
}
