package relay

import (
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

// stream passes a large response to fetch or produce on while it is walked.
// Its length has gone before its addresses are seen, so those are hidden.
func (c *conn) stream(p pending, size int) error {
	h := p.header
	s, err := c.shapeOf(c.needs(h), h, p.x, rule.Response)
	if err != nil {
		return err
	}
	t := &tape{from: c.back, to: c.toClient, shape: s, left: 4 + size}
	start := 0
	err = c.back.begin(size, frame.ErrShort, func(b []byte) (err error) {
		start, err = c.proxy.apis.ResponseHeader(h, b)
		return err
	})
	if err != nil {
		return input(err)
	}
	if err := t.Pass(int64(4 + start)); err != nil {
		return err
	}
	see := frame.See{Topic: c.proxy.topics.learn, HideEndpoints: true}
	if err := frame.Walk(t, h.Key, h.Version, c.proxy.apis.Flexible(h.Key, h.Version), see); err != nil {
		return input(err)
	}
	return t.Pass(int64(t.left))
}

// tape is a frame.Tape that passes a frame on from a reader to a writer.
type tape struct {
	from  *reader
	to    *writer
	shape *shape.Shape
	left  int // bytes of the frame that were not taken yet
	taken int // bytes of the reader that were taken and not written yet
}

var errFixed = errors.New("a frame that is passed on cannot change its length")

// Take implements frame.Tape.
func (t *tape) Take(n int) ([]byte, error) {
	if n > t.left {
		return nil, t.short(int64(n))
	}
	if len(t.from.there()) < t.taken+n {
		if err := t.write(); err != nil {
			return nil, err
		}
		if _, err := t.from.peek(n); err != nil {
			return nil, err
		}
	}
	t.left -= n
	t.taken += n
	return t.from.there()[t.taken-n : t.taken : t.taken], nil
}

// Pass implements frame.Tape.
func (t *tape) Pass(n int64) error {
	if n > int64(t.left) {
		return t.short(n)
	}
	t.left -= int(n)
	if len(t.from.there()) >= t.taken+int(n) {
		t.taken += int(n)
		if t.left == 0 {
			return t.write()
		}
		return nil
	}
	n += int64(t.taken)
	t.taken = 0
	return t.to.pass(t.from, int(n), t.left, t.shape)
}

// Put implements frame.Tape.
func (t *tape) Put(old int, b []byte) error {
	if old != len(b) {
		return errFixed
	}
	copy(t.from.there()[t.taken-old:], b)
	return nil
}

func (t *tape) write() error {
	if t.taken == 0 {
		return nil
	}
	if err := t.to.write(t.from.there()[:t.taken], t.shape); err != nil {
		return dest{err}
	}
	t.from.discard(t.taken)
	t.taken = 0
	return nil
}

func (t *tape) short(n int64) error {
	return badInput{fmt.Errorf("the broker's answer has %d bytes where it says %d", t.left, n)}
}
