package relay

import (
	"errors"
	"io"
	"net"
)

// badInput is what ends a connection because of what one side sent.
type badInput struct{ error }

func (b badInput) Unwrap() error { return b.error }

// dest is an error of the side that is written to. The reader of that side
// tells why it is gone.
type dest struct{ error }

func (d dest) Unwrap() error { return d.error }

// ended is what a fault asked for.
type ended struct {
	why   string
	reset bool
}

func (e ended) Error() string {
	if e.why == "" {
		return "a fault ends the connection"
	}
	return "a fault ends the connection: " + e.why
}

// errDrained says that all requests were answered while the proxy ends.
var errDrained = errors.New("the proxy ends")

// midway is an end of stream in the middle of a frame.
func midway(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// badHeader says that bytes are no header of a request.
func badHeader(err error) bool { return err != nil && !transport(err) }

// input is err as a reason to close the connection, unless it is one of the
// connection itself.
func input(err error) error {
	if transport(err) || errors.As(err, new(badInput)) || errors.As(err, new(dest)) {
		return err
	}
	return badInput{err}
}

// transport says that an error came from a connection.
func transport(err error) bool {
	return errors.As(err, new(net.Error)) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(dest))
}
