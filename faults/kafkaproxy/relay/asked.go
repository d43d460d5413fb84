package relay

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

// asked has a request read by the faults.
func (c *conn) asked(ctx context.Context, p pending, size, length int) error {
	raw, err := c.in.whole(size, nil)
	if err != nil {
		return err
	}
	length, err = c.proxy.apis.RequestHeader(p.header, raw[4:], length)
	if err == nil && !c.proxy.apis.Readable(p.header, false, raw[4+length:]) {
		c.unread("request", p, len(raw))
		p.need, p.x = p.need&NeedShape, nil
		return c.forward(ctx, p, raw, length)
	}
	if err == nil {
		p.x.Request, err = frame.Request(p.header, raw[4+length:])
	}
	if err != nil {
		return badInput{err}
	}
	act := c.proxy.config.Faults.Request(ctx, p.x)
	if err := c.hold(ctx, act, c.toBroker); err != nil {
		return err
	}
	switch act.Do {
	case Pass:
	case Send:
		raw = frame.Append(nil, raw[4:4+length], p.x.Request)
	case Answer:
		if p.x.Response == nil || p.x.Response.Key() != p.header.Key {
			return ended{why: "a fault answers without a response to the request: " + act.Why}
		}
		p.x.Response.SetVersion(p.header.Version)
		p.kind = local
	case Cut, Close, Retain:
		return ended{why: act.Why}
	case Reset:
		return ended{why: act.Why, reset: true}
	}
	return c.forward(ctx, p, raw, length)
}

// forward passes on a request that was read, or answers it.
func (c *conn) forward(ctx context.Context, p pending, raw []byte, length int) error {
	silent, err := c.unanswered(p, raw, length)
	if err != nil || (silent && p.kind == local) {
		return err
	}
	var s *shape.Shape
	if p.kind != local {
		if s, err = c.shapeOf(p.need, p.header, p.x, rule.Request); err != nil {
			return err
		}
	}
	if !silent {
		first, ok := c.pending.push(p)
		switch {
		case !ok:
			return errDrained
		case p.kind == local && first:
			return c.answers(ctx, p)
		}
	}
	if p.kind == local {
		return nil
	}
	if err := c.toBroker.write(raw, s); err != nil {
		return dest{err}
	}
	return nil
}

// unread says that what a fault may have met goes on without it.
func (c *conn) unread(what string, p pending, size int) {
	c.log.Warn("passed on unread", "what", what, "api", kmsg.NameForKey(p.header.Key), "bytes", size, "reason", "it is too large, or not what it says to be")
}

// unanswered says whether a request has no response: a produce request may
// ask for none.
func (c *conn) unanswered(p pending, raw []byte, length int) (bool, error) {
	if p.header.Key != frame.Produce {
		return false, nil
	}
	acks, err := frame.Acks(p.header.Version, c.proxy.apis.Flexible(p.header.Key, p.header.Version), raw[4+length:])
	if err != nil {
		return false, badInput{fmt.Errorf("reading the acknowledgements of a produce request: %w", err)}
	}
	return acks == 0, nil
}
