package relay

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// pastFaults sends a response that they cannot read.
func (c *conn) pastFaults(p pending, raw []byte) error {
	c.unread("response", p, len(raw))
	c.proxy.config.Faults.Lost(p.x)
	raw, err := c.addressed(p.header, raw, c.learn)
	if err != nil || c.silent {
		return err
	}
	return c.send(p, raw)
}

// deliver has a response read by the faults. raw is nil where it is an answer
// that Faults.Request gave.
func (c *conn) deliver(ctx context.Context, p pending, raw []byte) error {
	h, x := p.header, p.x
	start := c.proxy.apis.ResponseStart(h)
	if raw != nil {
		n, err := c.proxy.apis.ResponseHeader(h, raw[4:])
		if err == nil && !c.proxy.apis.Readable(h, true, raw[4+n:]) {
			return c.pastFaults(p, raw)
		}
		if err == nil {
			x.Response, err = frame.Response(h, raw[4+n:])
		}
		if err != nil {
			return badInput{fmt.Errorf("the broker's answer cannot be read: %w", err)}
		}
		start = raw[4 : 4+n : 4+n]
		// What is learnt is what the broker said, before a fault changes it.
		if raw, err = c.addressed(h, raw, c.learn); err != nil {
			return err
		}
	}
	act := c.proxy.config.Faults.Response(ctx, x)
	if c.silent {
		return nil
	}
	if err := c.hold(ctx, act.Hold, c.toClient); err != nil {
		return err
	}
	if raw == nil || act.Do == Send || act.Do == Answer {
		var err error
		if raw, err = c.addressed(h, frame.Append(nil, start, x.Response), c.lookup); err != nil {
			return err
		}
	}
	return c.act(p, act, raw)
}

// act does with a response what the faults ask.
func (c *conn) act(p pending, act Action, raw []byte) error {
	switch act.Do {
	case Pass, Send, Answer:
		return c.send(p, raw)
	case Cut:
		part := min(len(raw)-1, max(0, int(act.Part*float64(len(raw)))))
		if err := c.send(p, raw[:part]); err != nil {
			return err
		}
		return ended{why: act.Why}
	case Close:
		return ended{why: act.Why}
	case Reset:
		return ended{why: act.Why, reset: true}
	case Retain:
		c.silent = true
	}
	return nil
}
