package relay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

// requests carries frames from the client to the broker until one of them
// ends.
func (c *conn) requests(ctx context.Context) error {
	if err := c.in.hurry(); err != nil {
		return err
	}
	for known := ""; ; {
		h, err := c.request(ctx, known)
		switch {
		case err == nil:
			known = h.ClientID
		case errors.Is(err, os.ErrDeadlineExceeded) && c.draining.Load():
			return errDrained
		case c.in.slow(err):
			return badInput{fmt.Errorf("a header was not there within %s", c.in.limit)}
		default:
			return err
		}
	}
}

func (c *conn) request(ctx context.Context, known string) (h frame.Header, err error) {
	size, err := c.in.size(c.proxy.config.MaxFrame)
	if err != nil {
		return h, err
	}
	var length int
	err = c.in.begin(size, frame.ErrShort, func(b []byte) (err error) {
		h, length, err = frame.ReadHeader(b, known)
		return err
	})
	if c.tokens && (badHeader(err) || (err == nil && c.proxy.apis.Check(h) != nil)) {
		return frame.Header{ClientID: known}, c.token(size)
	}
	if err != nil {
		return h, input(err)
	}
	if c.tokens {
		c.tokens = false
		c.pending.authenticated()
	}
	if limit, _ := c.proxy.apis.Max(frame.APIVersions); h.Key == frame.APIVersions && h.Version > limit {
		return h, c.tooNew(ctx, h, size)
	}
	if err := c.proxy.apis.Check(h); err != nil {
		return h, badInput{fmt.Errorf("client id %q: %w", h.ClientID, err)}
	}
	if err := c.inTime(); err != nil {
		return h, err
	}
	c.tokens = h.Key == frame.SASLHandshake && h.Version == 0
	return h, c.exchange(ctx, h, size, length)
}

// inTime ends the time that the client has for a header.
func (c *conn) inTime() error {
	if !c.in.late {
		return nil
	}
	c.in.late = false
	return c.client.SetReadDeadline(time.Time{})
}

// exchange passes one request on as its faults ask.
func (c *conn) exchange(ctx context.Context, h frame.Header, size, length int) error {
	need := c.needs(h)
	p := pending{header: h, need: need}
	if need&(NeedRequest|NeedResponse) != 0 {
		p.x = &Exchange{Link: c.link, Header: h, TopicName: c.proxy.topics.name}
	}
	if need&NeedRequest != 0 {
		return c.asked(ctx, p, size, length)
	}
	silent := false
	if h.Key == frame.Produce {
		acks, err := c.acks(h, size, length)
		if err == nil {
			err = c.inTime()
		}
		if err != nil {
			return input(err)
		}
		silent = acks == 0
	}
	s, err := c.shapeOf(need, h, p.x, rule.Request)
	if err != nil {
		return err
	}
	if !silent {
		if _, ok := c.pending.push(p); !ok {
			return errDrained
		}
	}
	return c.toBroker.pass(c.in, 4+size, s)
}

// asked has a request read by the faults.
func (c *conn) asked(ctx context.Context, p pending, size, length int) error {
	raw, err := c.in.whole(size)
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
	if err := c.hold(ctx, act.Hold, c.toBroker); err != nil {
		return err
	}
	switch act.Do {
	case Pass:
	case Send:
		raw = frame.Append(nil, raw[4:4+length], p.x.Request)
	case Answer:
		if p.x.Response == nil {
			return ended{why: "a fault answers without a response: " + act.Why}
		}
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

func (c *conn) acks(h frame.Header, size, length int) (acks int16, err error) {
	err = c.in.begin(size, frame.ErrShort, func(b []byte) error {
		body, err := c.proxy.apis.RequestHeader(h, b, length)
		if err == nil {
			acks, err = frame.Acks(h.Version, c.proxy.apis.Flexible(h.Key, h.Version), b[body:])
		}
		return err
	})
	return acks, err
}

// tooNew answers a version of ApiVersions that the proxy does not know as a
// broker does that does not know it.
func (c *conn) tooNew(ctx context.Context, h frame.Header, size int) error {
	if _, err := c.in.whole(size); err != nil {
		return err
	}
	if err := c.inTime(); err != nil {
		return err
	}
	p := pending{kind: local, header: h, answer: frame.Append(nil, c.proxy.apis.ResponseStart(h), c.proxy.apis.TooNew())}
	first, ok := c.pending.push(p)
	switch {
	case !ok:
		return errDrained
	case first:
		return c.answers(ctx, p)
	}
	return nil
}

// token passes on bytes of SASL that have no header: they follow a handshake
// of version 0.
func (c *conn) token(size int) error {
	if err := c.inTime(); err != nil {
		return err
	}
	if _, ok := c.pending.push(pending{kind: token}); !ok {
		return errDrained
	}
	return c.toBroker.pass(c.in, 4+size, nil)
}

func (c *conn) needs(h frame.Header) Need {
	if c.proxy.config.Faults == nil {
		return 0
	}
	return c.proxy.config.Faults.Needs(c.link, h)
}

func (c *conn) shapeOf(need Need, h frame.Header, x *Exchange, way rule.Direction) (*shape.Shape, error) {
	if need&NeedShape == 0 {
		return nil, nil //nolint:nilnil // no shape is the shape of what flows at once
	}
	return c.shape(h, x, way)
}

// hold waits as a fault asks; what was written before does not wait with it.
func (c *conn) hold(ctx context.Context, d time.Duration, w *writer) error {
	if d <= 0 {
		return nil
	}
	if err := w.flush(); err != nil {
		return dest{err}
	}
	wait(ctx, d)
	return ctx.Err()
}
