package relay

import (
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// spliceFrom is from where on moving bytes inside the kernel is worth its calls.
	spliceFrom = 64 << 10
	// spliceHead is how many bytes that were read already go into the pipe before
	// them: what any pipe has room for.
	spliceHead = 16 << 10
	// patience is how many bytes of a frame are waited for at a time where there
	// are more than that to come: being woken for each piece of them costs more
	// than moving them. A client has no use for less than the whole frame.
	patience = 512 << 10
)

// splice moves the next n bytes of r inside the kernel where both sides are
// plain TCP, with what waits in memory before them. then more bytes of the same
// frame follow.
func (w *writer) splice(r *reader, n, then int) (done bool, err error) {
	to, ok := socket(w.conn)
	if w.pipes == nil || r.socket == nil || !ok {
		return false, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.line.Load() != nil {
		return false, nil
	}
	p, err := w.pipes.take()
	if err != nil {
		return false, nil // too many files are open: the bytes are copied
	}
	if err := w.pump(p, to, r, n, then); err != nil {
		p.close() // with what is left in it
		return true, err
	}
	w.pipes.give(p)
	return true, nil
}

// pump moves bytes through a pipe, which is empty before and after.
func (w *writer) pump(p pipe, to syscall.RawConn, r *reader, n, then int) error {
	head := r.there()
	for _, b := range [][]byte{w.buf, head} {
		if err := p.put(b); err != nil {
			return err
		}
	}
	in := len(w.buf) + len(head)
	n -= len(head)
	w.buf = w.buf[:0]
	r.discard(len(head))
	for n > 0 {
		if err := r.await(min(patience, n+then)); err != nil {
			return err
		}
		got, err := p.draw(r, n)
		if err != nil {
			return err
		}
		n -= got
		if err := p.pour(to, in+got, n+then > 0); err != nil {
			return dest{err}
		}
		in = 0
	}
	return nil
}

// draw moves at most n bytes from r into the pipe, once there are as many as
// r awaits, or no more will come.
func (p pipe) draw(r *reader, n int) (got int, err error) {
	over := r.socket.Read(func(fd uintptr) bool {
		if !readable(int(fd)) {
			return false
		}
		var moved int64
		moved, err = unix.Splice(int(fd), nil, p.in, nil, min(n, pipeSize), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		got = int(moved)
		return err != unix.EAGAIN && err != unix.EINTR
	})
	if over != nil {
		return 0, over
	}
	if err == nil && got == 0 {
		err = io.ErrUnexpectedEOF
	}
	return got, err
}

// readable says whether as much is there as is awaited, or an end. It is asked
// before each piece: what is there without it would be taken, however little.
func readable(fd int) bool {
	of := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}} //nolint:gosec // a file descriptor
	n, err := unix.Poll(of[:], 0)
	return n > 0 || err != nil // the call after it tells what is wrong
}

// pour moves n bytes out of the pipe. more says that others follow at once, with
// which the last of them may be sent.
func (p pipe) pour(to syscall.RawConn, n int, more bool) (err error) {
	flags := unix.SPLICE_F_MOVE | unix.SPLICE_F_NONBLOCK
	if more {
		flags |= unix.SPLICE_F_MORE
	}
	over := to.Write(func(fd uintptr) bool {
		for n > 0 {
			var moved int64
			moved, err = unix.Splice(p.out, nil, int(fd), nil, n, flags)
			switch err {
			case nil:
				n -= int(moved)
			case unix.EINTR:
			case unix.EAGAIN:
				return false
			default:
				return true
			}
		}
		return true
	})
	if over != nil {
		return over
	}
	return err
}

// socket is the one of a connection of plain TCP.
func socket(c net.Conn) (syscall.RawConn, bool) {
	plain, ok := c.(*net.TCPConn)
	if !ok {
		return nil, false
	}
	raw, err := plain.SyscallConn()
	return raw, err == nil
}
