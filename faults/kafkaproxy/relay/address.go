package relay

import (
	"encoding/binary"
	"fmt"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// addresses tells the address of a broker to clients.
type addresses func(node int32, a frame.Address) (frame.Address, error)

// learn believes what a broker says.
func (c *conn) learn(node int32, a frame.Address) (frame.Address, error) {
	return c.proxy.placement.tell(node, a, c.client)
}

// lookup does not believe a response that a fault made.
func (c *conn) lookup(node int32, a frame.Address) (frame.Address, error) {
	if known, ok := c.proxy.placement.known(node); ok {
		a = known
	}
	return c.proxy.placement.tell(node, a, c.client)
}

// see is what a walk does; failed is set where an address could not be told.
func (c *conn) see(to addresses, failed *error) frame.See {
	return frame.See{
		Topic: c.proxy.topics.learn,
		Address: func(node int32, a frame.Address) frame.Address {
			told, err := to(node, a)
			if err != nil {
				*failed = err
				return a
			}
			return told
		},
	}
}

// addressed gives a whole frame as the client may see it: raw itself where
// nothing in it changes.
func (c *conn) addressed(h frame.Header, raw []byte, to addresses) ([]byte, error) {
	if h.Key != frame.APIVersions && !frame.Carries(h.Key, h.Version) {
		return raw, nil
	}
	n, err := c.proxy.apis.ResponseHeader(h, raw[4:])
	if err != nil {
		return nil, badInput{err}
	}
	old := raw[4+n:]
	var body []byte
	var failed error
	if h.Key == frame.APIVersions {
		body, err = c.proxy.apis.Versions(old, h.Version)
	} else {
		body, err = frame.Rewrite(old, h.Key, h.Version, c.proxy.apis.Flexible(h.Key, h.Version), c.see(to, &failed))
	}
	switch {
	case err != nil:
		return nil, badInput{err}
	case failed != nil:
		return nil, badInput{fmt.Errorf("telling an address to a client: %w", failed)}
	case len(body) == len(old) && (len(body) == 0 || &body[0] == &old[0]):
		return raw, nil
	}
	out := binary.BigEndian.AppendUint32(make([]byte, 0, 4+n+len(body)), uint32(n+len(body))) //nolint:gosec // frames are shorter
	return append(append(out, raw[4:4+n]...), body...), nil
}
