package relay

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"time"

	"github.com/k2-platform/faultline/faults/linkproxy/rule"
)

// requests passes on what a client asks for, byte for byte, and knows where
// each request begins. Answers come back beside it, unread.
type requests struct {
	conn *conn
	from *bufio.Reader
	to   io.Writer
}

// longestHead is what a head may have to be understood; one that is longer
// passes unread. More than that most servers refuse.
const longestHead = 32 << 10

var errNoHTTP = errors.New("it is no HTTP/1 that the proxy understands")

func newRequests(c *conn) *requests {
	return &requests{conn: c, from: bufio.NewReaderSize(c.out, longestHead), to: c.out}
}

// run carries until the client has ended, or was answered: nil.
func (r *requests) run() error {
	for {
		err := r.one()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errNoHTTP):
			return r.unread()
		case err != nil:
			return err
		}
	}
}

// unread passes on what comes from here on: at its own speed again once what
// was looked at is through.
func (r *requests) unread() error {
	for _, a := range r.conn.link.now.Load().rules {
		if a.Do == rule.HTTPDelay || a.Do == rule.HTTPStatus {
			a.unread.Add(1)
		}
	}
	if err := r.pass(int64(r.from.Buffered())); err != nil {
		return err
	}
	return r.conn.out.copy()
}

// one passes on one request.
func (r *requests) one() error {
	b, err := r.head()
	if err != nil {
		return err
	}
	h := readHead(b)
	if h.unread {
		return errNoHTTP
	}
	by, err := r.meet(h)
	if err != nil {
		return err
	}
	if by != nil {
		return r.answer(by, h)
	}
	if err := r.pass(int64(len(b))); err != nil {
		return err
	}
	if h.chunked {
		return r.chunks()
	}
	return r.pass(h.length)
}

// head waits for a whole head, and leaves it where it is.
func (r *requests) head() ([]byte, error) {
	if err := r.blank(); err != nil {
		return nil, err
	}
	for {
		b, _ := r.from.Peek(r.from.Buffered())
		if n := headEnd(b); n > 0 {
			return b[:n], nil
		}
		if !begins(b) {
			return nil, errNoHTTP
		}
		if err := r.more(b); err != nil {
			return nil, err
		}
	}
}

// more waits for more than b, which was peeked at. What ends in the midst is
// passed on, and the end after it.
func (r *requests) more(b []byte) error {
	if len(b) >= longestHead {
		return errNoHTTP
	}
	_, err := r.from.Peek(len(b) + 1)
	if errors.Is(err, io.EOF) && len(b) > 0 {
		return errNoHTTP
	}
	return err
}

// blank passes on empty lines before a request (RFC 9112, 2.2).
func (r *requests) blank() error {
	for {
		b, err := r.from.Peek(1)
		if err != nil {
			return err
		}
		if b[0] != '\r' && b[0] != '\n' {
			return nil
		}
		if err := r.pass(1); err != nil {
			return err
		}
	}
}

// meet holds a request as long as faults say, and gives the one that answers
// it; nil: it goes on.
func (r *requests) meet(h head) (*active, error) {
	var by *active
	var delay []*active
	for _, a := range r.conn.link.now.Load().rules {
		if (a.Do != rule.HTTPDelay && a.Do != rule.HTTPStatus) || !a.Where.Selects(h.method, h.path) || !a.gate.Hit() {
			continue
		}
		if a.Do == rule.HTTPDelay {
			delay = append(delay, a)
		} else if by == nil {
			by = a
		}
	}
	for _, a := range delay {
		if err := r.hold(a); err != nil {
			return nil, err
		}
	}
	return by, nil
}

func (r *requests) hold(a *active) error {
	t := time.NewTimer(a.delay())
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.lifted:
	case <-r.conn.done:
		return net.ErrClosed
	}
	return nil
}

// pass passes on n bytes, each as soon as it is there.
func (r *requests) pass(n int64) error {
	for n > 0 {
		if r.from.Buffered() == 0 {
			if _, err := r.from.Peek(1); err != nil {
				return err
			}
		}
		b, _ := r.from.Peek(int(min(n, int64(r.from.Buffered()))))
		if _, err := r.to.Write(b); err != nil {
			return err
		}
		n -= int64(len(b))
		_, _ = r.from.Discard(len(b)) // they were peeked at
	}
	return nil
}

// chunks passes on a body in chunks, and its trailer.
func (r *requests) chunks() error {
	for {
		line, err := r.line()
		if err != nil {
			return err
		}
		n, ok := chunkSize(line)
		if !ok {
			return errNoHTTP
		}
		if err := r.pass(int64(len(line))); err != nil {
			return err
		}
		if n == 0 {
			return r.trailer()
		}
		if err := r.pass(n); err != nil {
			return err
		}
		end, err := r.line()
		if err == nil {
			err = r.pass(int64(len(end)))
		}
		if err != nil {
			return err
		}
	}
}

func (r *requests) trailer() error {
	for {
		line, err := r.line()
		if err != nil {
			return err
		}
		last := len(line) <= 2 && (line[0] == '\n' || line[0] == '\r')
		if err := r.pass(int64(len(line))); err != nil || last {
			return err
		}
	}
}

// line waits for a whole line, and leaves it where it is.
func (r *requests) line() ([]byte, error) {
	for {
		b, _ := r.from.Peek(r.from.Buffered())
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			return b[:i+1], nil
		}
		if err := r.more(b); err != nil {
			return nil, err
		}
	}
}
