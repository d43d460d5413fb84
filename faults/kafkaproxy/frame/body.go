package frame

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Request decodes the body of a request. It goes on to use b.
func Request(h Header, b []byte) (kmsg.Request, error) {
	r := kmsg.RequestForKey(h.Key)
	if r == nil {
		return nil, fmt.Errorf("decoding a request: API key %d is unknown", h.Key)
	}
	r.SetVersion(h.Version)
	if err := r.ReadFrom(b); err != nil {
		return nil, fmt.Errorf("decoding %s version %d: %w", kmsg.NameForKey(h.Key), h.Version, err)
	}
	return r, nil
}

// Response decodes the body of the response to a request. It goes on to use b.
func Response(h Header, b []byte) (kmsg.Response, error) {
	r := kmsg.ResponseForKey(h.Key)
	if r == nil {
		return nil, fmt.Errorf("decoding a response: API key %d is unknown", h.Key)
	}
	r.SetVersion(h.Version)
	if h.Key == APIVersions && len(b) >= 2 && binary.BigEndian.Uint16(b) == UnsupportedVersion {
		r.SetVersion(0)
	}
	if err := r.ReadFrom(b); err != nil {
		return nil, fmt.Errorf("decoding the response to %s version %d: %w", kmsg.NameForKey(h.Key), h.Version, err)
	}
	return r, nil
}

// Message is a request or a response.
type Message interface{ AppendTo(b []byte) []byte }

// Append appends a whole frame: its length, the header as it came, with its
// tags, and the body of m.
func Append(b, header []byte, m Message) []byte {
	at := len(b)
	b = append(append(b, 0, 0, 0, 0), header...)
	b = m.AppendTo(b)
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4)) //nolint:gosec // frames are shorter
	return b
}

// ResponseStart is the header of a response that the proxy itself gives to h.
func (a *APIs) ResponseStart(h Header) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(h.Correlation)) //nolint:gosec // the bits of an int32
	if limit, ok := a.Max(h.Key); ok && h.Version <= limit && h.Key != APIVersions && a.Flexible(h.Key, h.Version) {
		b = append(b, 0)
	}
	return b
}

// Acks reads from the beginning of the body of a produce request how many
// acknowledgements it asks for; with 0 there is no response. The error is
// ErrShort where b ends before.
func Acks(version int16, flexible bool, b []byte) (int16, error) {
	w := walk{tape: &span{in: b}, version: version, flexible: flexible}
	if err := w.fields(produce()[:1]); err != nil { // transactional id
		return 0, err
	}
	acks, err := w.tape.Take(2)
	if err != nil {
		return 0, err
	}
	return int16(binary.BigEndian.Uint16(acks)), nil //nolint:gosec // the bits of an int16
}
