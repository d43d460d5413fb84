package shape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Line carries the bytes of one direction of one connection, each chunk in
// its shape, in the order in which they came.
//
//	Write ──▶ [ chunk chunk chunk ] ──▶ goroutine: stall, delay, rate ──▶ w
//	           at most budget bytes
//
// It is made by NewLine and ended by Close. It is safe for concurrent use;
// chunks that come at once are in the order that they take.
type Line struct {
	w      io.Writer
	budget int
	done   chan struct{} // closed by Close
	ended  chan struct{} // closed when nothing is written any more
	wake   chan struct{} // to the goroutine: there is a chunk
	room   chan struct{} // to Write and Drain: a chunk has gone

	turn sync.Mutex // of Write: one waits for room at a time
	once sync.Once

	mu     sync.Mutex
	queue  []chunk
	queued int // bytes, with those being written
	err    error

	free time.Time // when the rate lets the next byte go; of the goroutine
}

var errClosed = fmt.Errorf("carrying bytes through a line that was closed: %w", io.ErrClosedPipe)

type chunk struct {
	bytes []byte
	shape *Shape
	at    time.Time // of its arrival
}

// NewLine begins to carry to w. budget is how many bytes may wait: it has to
// hold what comes in during the longest delay, or the delay costs throughput
// as well. A chunk that is larger than budget passes when nothing else waits.
func NewLine(w io.Writer, budget int) *Line {
	l := &Line{
		w:      w,
		budget: budget,
		done:   make(chan struct{}),
		ended:  make(chan struct{}),
		wake:   make(chan struct{}, 1),
		room:   make(chan struct{}),
	}
	go l.run()
	return l
}

// Write takes a copy of bytes and returns once they wait in the line, or with
// the error of an earlier write to w: after one, the line carries nothing
// more. s nil is the zero Shape: they go as soon as those before them went.
//
// The delay counts from the call, so that the delays of chunks that follow
// each other pass at the same time. A rate is of this line: each connection,
// and each direction of it, has the whole of it. s is read later and must not
// be changed any more.
func (l *Line) Write(bytes []byte, s *Shape) error {
	at := time.Now()
	l.turn.Lock()
	defer l.turn.Unlock()
	for {
		l.mu.Lock()
		switch {
		case l.err != nil:
			defer l.mu.Unlock()
			return l.err
		case l.queued == 0 || l.queued+len(bytes) <= l.budget:
			l.queue = append(l.queue, chunk{bytes: append([]byte(nil), bytes...), shape: s, at: at})
			l.queued += len(bytes)
			l.mu.Unlock()
			select {
			case l.wake <- struct{}{}:
			default: // it will look anyway
			}
			return nil
		}
		room := l.room
		l.mu.Unlock()
		select {
		case <-room:
		case <-l.ended:
		}
	}
}

// Drain waits until all that was taken is written, or cannot be any more, and
// says why not.
func (l *Line) Drain(ctx context.Context) error {
	for {
		l.mu.Lock()
		err, left, room := l.err, l.queued, l.room
		l.mu.Unlock()
		if err != nil || left == 0 {
			return err
		}
		select {
		case <-room:
		case <-l.ended:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d bytes of the line to flow: %w", left, context.Cause(ctx))
		}
	}
}

// Close ends the line: what still waits is dropped. It does not wait for a
// write to w that is going on; that one ends with w. A second Close does
// nothing. The error is that of an earlier write.
func (l *Line) Close() error {
	l.once.Do(func() { close(l.done) })
	if err := l.fail(errClosed); !errors.Is(err, errClosed) {
		return err
	}
	return nil
}

// fail keeps the first error, and gives it.
func (l *Line) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	return l.err
}

func (l *Line) run() {
	defer close(l.ended)
	for {
		c, ok := l.next()
		if !ok || !l.wait(c) {
			return
		}
		if err := l.pour(c); err != nil {
			_ = l.fail(err) // told by the next Write
			return
		}
		l.gone(len(c.bytes))
	}
}

// next takes the chunk that came first; false: the line was closed.
func (l *Line) next() (chunk, bool) {
	for {
		l.mu.Lock()
		if len(l.queue) > 0 {
			c := l.queue[0]
			l.queue[0] = chunk{} // its bytes are not kept by the array under the queue
			l.queue = l.queue[1:]
			l.mu.Unlock()
			return c, true
		}
		l.queue = nil
		l.mu.Unlock()
		select {
		case <-l.wake:
		case <-l.done:
			return chunk{}, false
		}
	}
}

// gone tells all who wait for room that n bytes were written.
func (l *Line) gone(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued -= n
	close(l.room)
	l.room = make(chan struct{})
}
