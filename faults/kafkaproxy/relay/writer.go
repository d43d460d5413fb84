package relay

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

const (
	// gather is how many bytes of small frames go in one write.
	gather = 4 << 10
	// lineBudget is how many bytes of a direction wait while a fault shapes them.
	lineBudget = 4 << 20
)

// writer writes to one side of a connection. It is safe for concurrent use;
// a frame that is written in parts belongs to one goroutine.
type writer struct {
	conn  net.Conn
	pipes pipes // nil: nothing is moved inside the kernel

	// line is nil while nothing is shaped. It is changed under mu; close reads it
	// without, because who has mu may wait for it.
	line   atomic.Pointer[shape.Line]
	closed atomic.Bool

	mu  sync.Mutex
	buf []byte // small frames that were not written yet
}

// write writes b in the shape s; nil: at once, in the order of the calls. It
// may wait in memory until flush.
func (w *writer) write(b []byte, s *shape.Shape) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s != nil || w.line.Load() != nil {
		if done, err := w.shaped(b, s); done || err != nil {
			return err
		}
	}
	if len(w.buf)+len(b) <= gather {
		if w.buf == nil {
			w.buf = make([]byte, 0, gather)
		}
		w.buf = append(w.buf, b...)
		return nil
	}
	if len(w.buf) == 0 {
		_, err := w.conn.Write(b)
		return err
	}
	two := net.Buffers{w.buf, b}
	_, err := two.WriteTo(w.conn)
	w.buf = w.buf[:0]
	return err
}

// shaped writes to the line, and gives the line up where nothing is shaped
// any more.
func (w *writer) shaped(b []byte, s *shape.Shape) (done bool, err error) {
	line := w.line.Load()
	if s == nil && idle(line) {
		_ = line.Close() // it holds nothing, and had no error
		w.line.Store(nil)
		return false, nil
	}
	if err := w.flushed(); err != nil {
		return true, err
	}
	if line == nil {
		line = shape.NewLine(w.conn, lineBudget)
		w.line.Store(line)
		if w.closed.Load() {
			w.close()
		}
	}
	return true, line.Write(b, s)
}

// idle says that a line has written all that it was given.
func idle(line *shape.Line) bool {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // asks, and does not wait
	return line.Drain(ctx) == nil
}

// flush writes what waits in memory. It does not wait for what is shaped.
func (w *writer) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flushed()
}

func (w *writer) flushed() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.conn.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// finish writes all that there is, however it is shaped.
func (w *writer) finish(ctx context.Context) error {
	err := w.flush()
	line := w.line.Load()
	if err != nil || line == nil {
		return err
	}
	return line.Drain(ctx)
}

// close drops what is shaped. It waits for nobody.
func (w *writer) close() {
	w.closed.Store(true)
	if line := w.line.Load(); line != nil {
		_ = line.Close() // the connection ends, and says why
	}
}

// pass writes the next n bytes of r as they come. then more bytes of the same
// frame follow.
func (w *writer) pass(r *reader, n, then int, s *shape.Shape) error {
	for n > 0 {
		there := r.there()
		if s == nil && len(there) <= spliceHead && n-len(there) >= spliceFrom {
			if done, err := w.splice(r, n, then); done {
				return err
			}
		}
		if len(there) > 0 {
			there = there[:min(n, len(there))]
			if err := w.write(there, s); err != nil {
				return dest{err}
			}
			r.discard(len(there))
			n -= len(there)
			continue
		}
		r.widen(n)
		if err := r.fill(); err != nil {
			return midway(err)
		}
	}
	return nil
}
