package relay

import (
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

const (
	// pipeSize holds what is moved inside the kernel at a time. Where the system
	// grants less, less is moved at a time.
	pipeSize = 1 << 20
	// pipesKept wait for their next use; each is two files.
	pipesKept = 16
)

// pipes are those that wait for their next use. Its zero value keeps none.
type pipes chan pipe

// pipe is a pipe of the kernel, through which bytes go from one connection to
// another without being copied.
type pipe struct{ out, in int }

func (p pipes) take() (pipe, error) {
	select {
	case one := <-p:
		return one, nil
	default:
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return pipe{}, fmt.Errorf("opening a pipe to move bytes through: %w", err)
	}
	_, _ = unix.FcntlInt(uintptr(ends[0]), unix.F_SETPIPE_SZ, pipeSize) // a smaller pipe serves too
	return pipe{out: ends[0], in: ends[1]}, nil
}

// give takes back a pipe that is empty.
func (p pipes) give(one pipe) {
	select {
	case p <- one:
	default:
		one.close()
	}
}

// close ends those that wait, once nobody takes any more.
func (p pipes) close() {
	for {
		select {
		case one := <-p:
			one.close()
		default:
			return
		}
	}
}

func (p pipe) close() {
	_ = unix.Close(p.out) // nothing that is needed is in it
	_ = unix.Close(p.in)
}

// put writes bytes into the pipe, which has room for them.
func (p pipe) put(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := unix.Write(p.in, b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("putting %d bytes into a pipe: %w", len(b), err)
	}
	return nil
}
