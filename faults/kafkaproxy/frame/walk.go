package frame

import (
	"encoding/binary"
	"fmt"
)

// Tape is the body of a response as a walk goes over it. Bytes that were
// taken or passed go on to the client.
type Tape interface {
	// Take is for the next n bytes. They are valid until the next call.
	Take(n int) ([]byte, error)
	// Pass lets n bytes go on that nobody looks at.
	Pass(n int64) error
	// Put writes b in the place of the last old bytes that were taken. A tape
	// may take b only where it is as long as what it replaces.
	Put(old int, b []byte) error
}

// Address is that of a broker.
type Address struct {
	Host string
	Port int32
}

// See is told what a walk comes by. Functions that are nil are not called.
type See struct {
	// Address says which address a client is told for a broker.
	Address func(node int32, a Address) Address
	// Topic is told the id of a topic.
	Topic func(name string, id [16]byte)
	// HideEndpoints renames the tag of node endpoints to one that nobody knows,
	// for a tape that cannot change its length. Clients skip it, and ask for
	// metadata as before there were such endpoints.
	HideEndpoints bool
}

// unknownTag is one that no message of Kafka has; one byte long as that of
// endpoints is.
const unknownTag = 127

// Carries says whether the response to an API may carry addresses, and so has
// to be walked.
func Carries(key, version int16) bool {
	switch key {
	case Produce:
		return version >= 10
	case Fetch:
		return version >= 16
	case Metadata, FindCoordinator, describeCluster, shareFetch, shareAcknowledge:
		return true
	}
	return false
}

// Walk goes over the body of a response that Carries names, to the end of
// what its schema tells.
func Walk(t Tape, key, version int16, flexible bool, see See) error {
	w := walk{tape: t, version: version, flexible: flexible, see: see}
	if err := w.fields(response(key)); err != nil {
		return err
	}
	if !flexible {
		return nil
	}
	if key == Produce || key == Fetch {
		return w.endpoints()
	}
	_, err := skipTags(t)
	return err
}

type walk struct {
	tape     Tape
	version  int16
	flexible bool
	see      See
	node     int32
	topic    string
	room     int64 // for elements of lists, where that is bounded: see Readable
	bounded  bool
}

// fields goes over the fields of one struct, without its tags.
func (w *walk) fields(all []field) error {
	for _, f := range all {
		if w.version < f.from || (f.to > 0 && w.version >= f.to) {
			continue
		}
		if err := w.field(f); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) field(f field) error {
	switch f.kind {
	case fixed:
		return w.tape.Pass(f.size)
	case text, blob:
		n, _, err := w.length(f.kind)
		if err != nil || n <= 0 {
			return err
		}
		return w.tape.Pass(n)
	case list:
		return w.list(f.of)
	case object:
		return w.object(f.of)
	case fixedList:
		n, _, err := w.length(list)
		if err != nil || n <= 0 {
			return err
		}
		return w.tape.Pass(n * f.size)
	case node:
		b, err := w.tape.Take(4)
		if err == nil {
			w.node = int32(binary.BigEndian.Uint32(b)) //nolint:gosec // the bits of an int32
		}
		return err
	case address:
		return w.address()
	case topicName:
		s, _, err := w.text()
		w.topic = s
		return err
	case topicID:
		b, err := w.tape.Take(16)
		if err == nil && w.see.Topic != nil && w.topic != "" {
			w.see.Topic(w.topic, [16]byte(b))
		}
		return err
	}
	return nil
}

func (w *walk) list(of []field) error {
	n, _, err := w.length(list)
	if err == nil {
		err = w.take(max(n, 0))
	}
	if err != nil {
		return err
	}
	for range n {
		if err := w.object(of); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) object(of []field) error {
	if err := w.fields(of); err != nil || !w.flexible {
		return err
	}
	n, err := skipTags(w.tape)
	if err != nil {
		return err
	}
	return w.take(int64(n))
}

// take takes room for n elements.
func (w *walk) take(n int64) error {
	if w.room -= n; w.bounded && w.room < 0 {
		return errTooMany
	}
	return nil
}

// length reads that of a text, bytes or a list, and says on how many bytes it
// stands. The length -1 is null.
func (w *walk) length(of kind) (n int64, size int, err error) {
	if w.flexible {
		v, size, err := uvarint(w.tape)
		return int64(v) - 1, size, err
	}
	size = 4
	if of == text {
		size = 2
	}
	b, err := w.tape.Take(size)
	if err != nil {
		return 0, 0, err
	}
	if size == 2 {
		n = int64(int16(binary.BigEndian.Uint16(b))) //nolint:gosec // the bits of an int16
	} else {
		n = int64(int32(binary.BigEndian.Uint32(b))) //nolint:gosec // the bits of an int32
	}
	if n < -1 {
		return 0, 0, fmt.Errorf("reading a frame: a length is %d", n)
	}
	return n, size, nil
}

// text takes a text, and says how many bytes it stands on with its length.
func (w *walk) text() (s string, size int, err error) {
	n, size, err := w.length(text)
	if err != nil || n <= 0 {
		return "", size, err
	}
	if n > maxText {
		return "", 0, fmt.Errorf("reading a response: a name of %d bytes", n)
	}
	b, err := w.tape.Take(int(n))
	return string(b), size + int(n), err
}

// maxText is the length of the longest text; more than that fits a compact
// one, and no broker has it.
const maxText = 1<<15 - 1
