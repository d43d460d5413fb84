package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
	"github.com/k2-platform/faultline/faults/linkproxy/rule"
)

const (
	piece = 32 << 10
	// window is how much may be on its way while a delay or a rate holds it, as
	// TCP's own window bounds it on a long line.
	window = 1 << 20
)

// way carries one direction of a connection. One goroutine uses it, and close.
type way struct {
	conn     *conn
	is       rule.Way
	from, to *net.TCPConn
	seen     atomic.Pointer[state] // what it last looked at; nil once it looks no more

	mu   sync.Mutex
	line *shape.Line // what is held back; nil: nothing is
	over bool
}

// copy carries until the side that it comes from has ended: nil.
func (w *way) copy() error {
	for {
		s, err := w.ready()
		if err != nil {
			return err
		}
		if s.shaped(w.is) || w.held() != nil {
			err = w.slowly()
		} else {
			_, err = io.Copy(w.to, w.from) // splice(2), until something changes
			if err == nil {
				return nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return err
		}
	}
}

// slowly passes one piece on.
func (w *way) slowly() error {
	buf := make([]byte, piece)
	for {
		n, err := w.from.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if s := w.conn.link.now.Load(); !s.shaped(w.is) || s.stalled(w.is) != nil {
			return nil
		}
	}
}

// ready waits as long as a partition holds this way, and says what is in force
// then. What comes into force later interrupts the next read.
func (w *way) ready() (*state, error) {
	for {
		if err := w.from.SetReadDeadline(time.Time{}); err != nil {
			return nil, err
		}
		s := w.conn.link.now.Load() // after the deadline: a change sets it again
		w.seen.Store(s)
		by := s.stalled(w.is)
		if by == nil {
			return s, w.flowed(s)
		}
		by.met.Add(1)
		select {
		case <-s.changed:
		case <-w.conn.done:
			return nil, net.ErrClosed
		}
	}
}

// looks says that it has still to look at what is in force.
func (w *way) looks(next *state) bool {
	s := w.seen.Load()
	return s != nil && s != next
}

// Read is for who looks at what passes: a change is not seen in it.
func (w *way) Read(b []byte) (int, error) {
	for {
		if _, err := w.ready(); err != nil {
			return 0, err
		}
		n, err := w.from.Read(b)
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
		return n, err
	}
}

// Write passes on a copy of b, in the shape of what is in force.
func (w *way) Write(b []byte) (int, error) {
	s := w.conn.link.now.Load()
	as := s.shape(w.is)
	if as == nil {
		if err := w.flowed(s); err != nil {
			return 0, err
		}
		return gate{w}.Write(b)
	}
	w.mu.Lock()
	if w.line == nil && !w.over {
		w.line = shape.NewLine(gate{w}, window)
	}
	line := w.line
	w.mu.Unlock()
	if line == nil {
		return 0, net.ErrClosed
	}
	if err := line.Write(b, as); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (w *way) held() *shape.Line {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.line
}

// flowed waits, once nothing is to be held back any more, for what was.
func (w *way) flowed(s *state) error {
	line := w.held()
	if line == nil || s.shaped(w.is) {
		return nil
	}
	if err := w.drain(line); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = nil
	return line.Close()
}

func (w *way) drain(line *shape.Line) error {
	if err := line.Drain(context.Background()); err != nil { // close ends it
		return fmt.Errorf("passing on what was held: %w", err)
	}
	return nil
}

// closeWrite says to the side that it goes to that nothing more comes, behind
// all that came.
func (w *way) closeWrite() error {
	defer w.seen.Store(nil)
	if line := w.held(); line != nil {
		if err := w.drain(line); err != nil {
			return err
		}
	}
	if _, err := w.ready(); err != nil {
		return err
	}
	return w.to.CloseWrite()
}

// close ends what is held back. The connections are closed before.
func (w *way) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.line != nil {
		_ = w.line.Close() // what is held goes with the connection
	}
}

// gate writes unless a partition holds the way: also what a delay held before.
type gate struct{ way *way }

func (g gate) Write(b []byte) (int, error) {
	for {
		s := g.way.conn.link.now.Load()
		if s.stalled(g.way.is) == nil {
			return g.way.to.Write(b)
		}
		select {
		case <-s.changed:
		case <-g.way.conn.done:
			return 0, net.ErrClosed
		}
	}
}
