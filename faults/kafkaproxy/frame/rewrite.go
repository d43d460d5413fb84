package frame

import (
	"encoding/binary"
	"fmt"
)

// Rewrite gives the body of a response that Carries names with the addresses
// that see tells; all else stays byte for byte. It returns body itself where
// nothing changed.
func Rewrite(body []byte, key, version int16, flexible bool, see See) ([]byte, error) {
	t := &span{in: body}
	if err := Walk(t, key, version, flexible, see); err != nil {
		return nil, fmt.Errorf("reading the addresses of a response to API key %d, version %d: %w", key, version, err)
	}
	return t.result(), nil
}

// span is a tape in memory.
type span struct {
	in   []byte
	at   int
	out  []byte // what was written, up to from
	from int
}

// Take implements Tape.
func (s *span) Take(n int) ([]byte, error) {
	if len(s.in)-s.at < n {
		return nil, ErrShort
	}
	s.at += n
	return s.in[s.at-n : s.at : s.at], nil
}

// Pass implements Tape.
func (s *span) Pass(n int64) error {
	if int64(len(s.in)-s.at) < n {
		return ErrShort
	}
	s.at += int(n)
	return nil
}

// Put implements Tape.
func (s *span) Put(old int, b []byte) error {
	if s.out == nil {
		s.out = make([]byte, 0, len(s.in)+256)
	}
	s.out = append(append(s.out, s.in[s.from:s.at-old]...), b...)
	s.from = s.at
	return nil
}

func (s *span) result() []byte {
	if s.out == nil {
		return s.in
	}
	return append(s.out, s.in[s.from:]...)
}

// address replaces host and port. A broker that is none, as in an answer
// that is an error, has no host.
func (w *walk) address() error {
	host, size, err := w.text()
	if err != nil {
		return err
	}
	b, err := w.tape.Take(4)
	if err != nil {
		return err
	}
	a := Address{Host: host, Port: int32(binary.BigEndian.Uint32(b))} //nolint:gosec // the bits of an int32
	if w.see.Address == nil || w.node < 0 || host == "" {
		return nil
	}
	now := w.see.Address(w.node, a)
	if now == a {
		return nil
	}
	return w.tape.Put(size+4, w.append(now))
}

func (w *walk) append(a Address) []byte {
	var b []byte
	if w.flexible {
		b = binary.AppendUvarint(b, uint64(len(a.Host))+1)
	} else {
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.Host))) //nolint:gosec // hosts are short
	}
	return binary.BigEndian.AppendUint32(append(b, a.Host...), uint32(a.Port)) //nolint:gosec // the bits of an int32
}
