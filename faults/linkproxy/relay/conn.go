package relay

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/faults/linkproxy/rule"
)

// conn is one connection over a link: that of who connects, and that to the
// link's other end.
//
//	client ── out ──▶ other
//	       ◀── in ───
type conn struct {
	link          *link
	client, other *net.TCPConn
	out, in       *way

	once      sync.Once
	done      chan struct{} // closed when it ends
	answering atomic.Bool   // the client is told more once the other end has closed
	came      chan error    // why in ended; nil: the other end closed
}

func newConn(l *link, client, other *net.TCPConn) *conn {
	c := &conn{link: l, client: client, other: other, done: make(chan struct{}), came: make(chan error, 1)}
	c.out = &way{conn: c, is: rule.Out, from: client, to: other}
	c.in = &way{conn: c, is: rule.In, from: other, to: client}
	return c
}

// run carries until both sides have ended.
func (c *conn) run() error {
	var both sync.WaitGroup
	var in error
	both.Go(func() {
		in = c.in.copy()
		c.in.seen.Store(nil)
		c.came <- in
		if !c.answering.Load() || in != nil {
			c.finish(c.in, in)
		}
	})
	out := c.requests()
	c.out.seen.Store(nil)
	c.finish(c.out, out)
	both.Wait()
	c.close()
	return errors.Join(out, in)
}

// requests is what goes out.
func (c *conn) requests() error {
	if c.link.HTTP {
		return newRequests(c).run()
	}
	return c.out.copy()
}

// finish tells the other side that one has ended, as it did.
func (c *conn) finish(w *way, err error) {
	if err == nil {
		err = w.closeWrite()
	}
	if err != nil {
		c.reset()
	}
}

// stir has both ways look at what is in force.
func (c *conn) stir() {
	past := time.Unix(1, 0)
	_ = c.client.SetReadDeadline(past) // one that is closed looks no more
	_ = c.other.SetReadDeadline(past)
}

// reset ends the connection at once, and both sides see that it was cut.
func (c *conn) reset() {
	_ = c.client.SetLinger(0) // it is closed anyway
	_ = c.other.SetLinger(0)
	c.close()
}

// close ends the connection at once.
func (c *conn) close() {
	c.once.Do(func() {
		close(c.done)
		_ = c.client.Close() // both sides are over, whatever they say to it
		_ = c.other.Close()
		c.out.close()
		c.in.close()
	})
}

// ended is what a read says of a connection that the proxy itself closed.
func ended(err error) bool { return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) }
