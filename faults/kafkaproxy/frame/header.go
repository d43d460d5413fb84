// Package frame reads and writes Kafka's frames: lengths, headers, the bodies
// that franz-go's kmsg knows, and the addresses that they carry. It is pure:
// bytes in, bytes out. Source: https://kafka.apache.org/protocol.html
package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Header is the header of a request.
type Header struct {
	Key         int16 // of the API
	Version     int16
	Correlation int32
	ClientID    string // "" also where it is null
}

// ErrShort says that more bytes are needed than there are yet.
var ErrShort = errors.New("more bytes are needed")

// ReadHeader reads the header of a request from the bytes behind the length
// of its frame, up to its tags, and says how long it is. known is the client
// id that is expected: equal ones share its memory. The error is ErrShort
// where b is the beginning of a header only.
func ReadHeader(b []byte, known string) (h Header, size int, err error) {
	if len(b) < 8 {
		return Header{}, 0, ErrShort
	}
	h.Key = int16(binary.BigEndian.Uint16(b))             //nolint:gosec // the bits of an int16
	h.Version = int16(binary.BigEndian.Uint16(b[2:]))     //nolint:gosec // the bits of an int16
	h.Correlation = int32(binary.BigEndian.Uint32(b[4:])) //nolint:gosec // the bits of an int32
	if h.Key == controlledShutdown && h.Version == 0 {
		return h, 8, nil // the one request whose header has no client id
	}
	if len(b) < 10 {
		return h, 0, ErrShort
	}
	n := int(int16(binary.BigEndian.Uint16(b[8:]))) //nolint:gosec // the bits of an int16
	switch {
	case n < -1:
		return h, 0, fmt.Errorf("reading a request header: the client id is %d bytes long", n)
	case n == -1:
		return h, 10, nil
	case len(b) < 10+n:
		return h, 0, ErrShort
	}
	if id := b[10 : 10+n]; string(id) == known {
		h.ClientID = known
	} else {
		h.ClientID = string(id)
	}
	return h, 10 + n, nil
}

// tags says how long the tag section at the beginning of b is.
func tags(b []byte) (int, error) {
	t := &span{in: b}
	if _, err := skipTags(t); err != nil {
		return 0, err
	}
	return t.at, nil
}
