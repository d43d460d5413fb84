package relay

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// responses carries frames from the broker to the client until one of them
// ends.
func (c *conn) responses(ctx context.Context) error {
	for {
		size, err := c.back.size(c.proxy.config.MaxFrame)
		if err != nil {
			return err
		}
		p, ok := c.pending.head()
		if !ok || p.kind == local {
			return badInput{fmt.Errorf("the broker sends %d bytes that nobody asked for", size)}
		}
		if err := c.response(ctx, p, size); err != nil {
			return err
		}
		if err := c.next(ctx); err != nil {
			return err
		}
	}
}

// next takes away the exchange that was answered, and gives the answers of
// the proxy that wait behind it.
func (c *conn) next(ctx context.Context) error {
	p, more := c.pending.pop()
	if more && p.kind == local {
		return c.answers(ctx, p)
	}
	if !more && c.draining.Load() {
		return errDrained
	}
	return nil
}

// answers gives p, the first of the pending ones, and those after it for as
// long as the proxy itself answers them.
func (c *conn) answers(ctx context.Context, p pending) error {
	for more := true; more && p.kind == local; p, more = c.pending.pop() {
		var err error
		switch {
		case c.silent:
		case p.x != nil:
			err = c.deliver(ctx, p, nil)
		default:
			err = c.send(p, p.answer)
		}
		if err == nil {
			err = c.toClient.flush()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) response(ctx context.Context, p pending, size int) error {
	if p.kind == token {
		return c.toClient.pass(c.back, 4+size, 0, nil)
	}
	h := p.header
	if size < 4 {
		return badInput{fmt.Errorf("the broker answers %s with %d bytes", kmsg.NameForKey(h.Key), size)}
	}
	b, err := c.back.peek(8)
	if err != nil {
		return err
	}
	if got := int32(binary.BigEndian.Uint32(b[4:])); got != h.Correlation { //nolint:gosec // the bits of an int32
		return badInput{fmt.Errorf("the broker answers request %d, and %s, request %d, is next", got, kmsg.NameForKey(h.Key), h.Correlation)}
	}
	p = c.late(p)
	switch {
	case p.need&NeedResponse != 0:
		return c.read(ctx, p, size)
	case c.silent:
		return c.back.skip(4 + size)
	case h.Key != frame.APIVersions && !frame.Carries(h.Key, h.Version):
		s, err := c.shapeOf(c.needs(h), h, nil, rule.Response)
		if err != nil {
			return err
		}
		return c.toClient.pass(c.back, 4+size, 0, s)
	case size+4 > largeBuffer && (h.Key == frame.Fetch || h.Key == frame.Produce):
		return c.stream(p, size)
	}
	return c.readdress(p, size)
}

// read has a response read by the faults.
func (c *conn) read(ctx context.Context, p pending, size int) error {
	var into []byte
	if p.header.Key == frame.Fetch {
		into = c.proxy.memory.take()
	}
	raw, err := c.back.whole(size, into)
	if err == nil {
		err = c.deliver(ctx, p, raw)
	}
	if p.header.Key == frame.Fetch {
		c.proxy.memory.give(raw)
	}
	return err
}

// late asks once more about a fetch: the broker holds it until there are
// records, so that a fault may have come since it was asked for.
func (c *conn) late(p pending) pending {
	if p.header.Key == frame.Fetch && p.need&NeedResponse == 0 && c.needs(p.header)&NeedResponse != 0 {
		p.need |= NeedResponse
		p.x = &Exchange{Link: c.link, Header: p.header, TopicName: c.proxy.topics.name}
	}
	return p
}

// readdress sends a response with the addresses of the proxy in it.
func (c *conn) readdress(p pending, size int) error {
	var raw []byte
	var err error
	if size+4 <= largeBuffer {
		raw, err = c.back.peek(4 + size)
		defer c.back.discard(4 + size)
	} else {
		raw, err = c.back.whole(size, nil)
	}
	if err != nil {
		return err
	}
	raw, err = c.addressed(p.header, raw, c.learn)
	if err != nil {
		return err
	}
	return c.send(p, raw)
}

func (c *conn) send(p pending, raw []byte) error {
	s, err := c.shapeOf(c.needs(p.header), p.header, p.x, rule.Response)
	if err != nil {
		return err
	}
	if err := c.toClient.write(raw, s); err != nil {
		return dest{err}
	}
	return nil
}
