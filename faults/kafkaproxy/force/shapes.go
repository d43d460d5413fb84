package force

import (
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
		return &shape.Shape{Delay: a.delays.Draw(b.Delay, b.Jitter, b.P99), Lifted: a.lifted}
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
