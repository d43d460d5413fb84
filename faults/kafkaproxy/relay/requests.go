package relay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

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
	return c.toBroker.pass(c.in, 4+size, 0, s)
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

// hold waits as a fault asks, until it is lifted; what was written before does not wait with it.
func (c *conn) hold(ctx context.Context, act Action, w *writer) error {
	if act.Hold <= 0 {
		return nil
	}
	if err := w.flush(); err != nil {
		return dest{err}
	}
	wait(ctx, act.Hold, act.Lifted)
	return ctx.Err()
}
