package relay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// smallBuffer holds what a connection that does little has; it grows to
	// largeBuffer where a frame is to be seen whole.
	smallBuffer = 8 << 10
	largeBuffer = 64<<10 + 4
)

// reader reads frames from one side of a connection.
type reader struct {
	conn  net.Conn
	buf   []byte
	r, w  int           // what is there is buf[r:w]
	idle  func() error  // called before it may block
	limit time.Duration // for a header; 0: none
	late  bool          // the time for a header runs

	socket syscall.RawConn // nil: not of plain TCP
	least  int             // bytes that have to be there before a wait for them ends
}

func newReader(conn net.Conn, idle func() error) *reader {
	r := &reader{conn: conn, buf: make([]byte, smallBuffer), idle: idle, least: 1}
	r.socket, _ = socket(conn)
	return r
}

// there are the bytes that were read, and not discarded yet.
func (r *reader) there() []byte { return r.buf[r.r:r.w] }

func (r *reader) discard(n int) { r.r += n }

// fill waits for more bytes. It makes room by moving what is there, or, where
// that fills the buffer, by a larger one.
func (r *reader) fill() error {
	switch {
	case r.r == r.w:
		r.r, r.w = 0, 0
	case r.w == len(r.buf) && r.r > 0:
		r.w = copy(r.buf, r.there())
		r.r = 0
	case r.w == len(r.buf):
		larger := make([]byte, 2*len(r.buf))
		r.w = copy(larger, r.there())
		r.buf, r.r = larger, 0
	}
	n, err := r.read(r.buf[r.w:], 1)
	r.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// read waits for least bytes, and takes fewer where they are there already.
func (r *reader) read(b []byte, least int) (int, error) {
	if err := r.idle(); err != nil {
		return 0, err
	}
	if err := r.await(least); err != nil {
		return 0, err
	}
	return r.conn.Read(b)
}

// await has waits for bytes end only once n of them are there, or no more will
// come. The kernel takes fewer for enough where it has no room for so many.
func (r *reader) await(n int) error {
	if r.least == n || r.socket == nil {
		return nil
	}
	var err error
	over := r.socket.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVLOWAT, n)
	})
	if err = errors.Join(over, err); err != nil {
		return fmt.Errorf("asking to be woken for %d bytes: %w", n, err)
	}
	r.least = n
	return nil
}

// peek waits until n bytes are there, and does not consume them. They are
// valid until the next call.
func (r *reader) peek(n int) ([]byte, error) {
	for r.w-r.r < n {
		if err := r.fill(); err != nil {
			return nil, r.broken(err)
		}
	}
	return r.buf[r.r : r.r+n], nil
}

// broken says that a stream ended in the middle of something.
func (r *reader) broken(err error) error {
	if errors.Is(err, io.EOF) && r.w > r.r {
		return io.ErrUnexpectedEOF
	}
	return err
}

// size waits for a frame, and tells its length without the 4 bytes that tell
// it. They are not consumed. The time for a header begins with its first
// byte.
func (r *reader) size(most int) (int, error) {
	if _, err := r.peek(1); err != nil {
		return 0, err
	}
	if r.limit > 0 && r.w-r.r < 4 {
		if err := r.hurry(); err != nil {
			return 0, err
		}
	}
	b, err := r.peek(4)
	if err != nil {
		return 0, err
	}
	n := int(int32(binary.BigEndian.Uint32(b))) //nolint:gosec // the bits of an int32
	if n < 0 || n > most {
		return 0, badInput{fmt.Errorf("a frame of %d bytes; at most %d are let through", uint32(n), most)} //nolint:gosec // as it was sent
	}
	return n, nil
}

// hurry begins the time for a header, where it has not begun.
func (r *reader) hurry() error {
	if r.late || r.limit == 0 {
		return nil
	}
	r.late = true
	return r.conn.SetReadDeadline(time.Now().Add(r.limit))
}

// begin calls read with as much of the frame of size bytes as is there, and
// again with more for as long as it asks for that by errShort.
func (r *reader) begin(size int, short error, read func(b []byte) error) error {
	for {
		have := min(r.w-r.r-4, size)
		err := read(r.buf[r.r+4 : r.r+4+have])
		if !errors.Is(err, short) {
			return err
		}
		if have == size {
			return badInput{fmt.Errorf("a frame of %d bytes ends too early", size)}
		}
		if have > maxBeginning {
			return badInput{errors.New("a header has no end")}
		}
		if err := r.hurry(); err != nil {
			return err
		}
		if _, err := r.peek(4 + have + 1); err != nil {
			return err
		}
	}
}

// maxBeginning holds the client id, a transactional id and some tags.
const maxBeginning = 128 << 10

// whole takes a frame with its length into memory of its own, which grows as
// bytes come, not as the length says. That of into is used where it has room.
func (r *reader) whole(size int, into []byte) ([]byte, error) {
	want := 4 + size
	if cap(into) < min(want, largeBuffer) {
		into = make([]byte, 0, min(want, largeBuffer))
	}
	b := append(into[:0], r.there()[:min(want, r.w-r.r)]...)
	r.discard(len(b))
	for len(b) < want {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, min(want, 2*cap(b))), b...)
		}
		rest := b[len(b):min(cap(b), want)]
		n, err := r.read(rest, min(len(rest), patience))
		b = b[:len(b)+n]
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return b, nil
}

// widen makes room for more bytes at a time, where n of them are to come.
func (r *reader) widen(n int) {
	if n > len(r.buf) && len(r.buf) < largeBuffer && r.r == r.w {
		r.buf, r.r, r.w = make([]byte, largeBuffer), 0, 0
	}
}

// skip drops the next n bytes.
func (r *reader) skip(n int) error {
	for n > 0 {
		if r.r == r.w {
			if err := r.fill(); err != nil {
				return midway(err)
			}
		}
		k := min(n, r.w-r.r)
		r.discard(k)
		n -= k
	}
	return nil
}

// slow says whether an error is that of a header which did not come in time.
func (r *reader) slow(err error) bool { return r.limit > 0 && errors.Is(err, os.ErrDeadlineExceeded) }
