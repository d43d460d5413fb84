package relay

import (
	"context"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// tooNew answers a version of ApiVersions that the proxy does not know as a
// broker does that does not know it.
func (c *conn) tooNew(ctx context.Context, h frame.Header, size int) error {
	if _, err := c.in.whole(size, nil); err != nil {
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
	return c.toBroker.pass(c.in, 4+size, 0, nil)
}
