package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// skipTags passes a whole tag section, and says how many tags it has.
func skipTags(t Tape) (count uint32, err error) {
	count, _, err = uvarint(t)
	for n := count; n > 0 && err == nil; n-- {
		if _, _, err = uvarint(t); err == nil {
			err = passSized(t)
		}
	}
	return count, err
}

// endpoints goes over the tags at the end of a response to produce or fetch:
// tag 0 holds node endpoints.
func (w *walk) endpoints() error {
	n, _, err := uvarint(w.tape)
	for ; n > 0 && err == nil; n-- {
		var tag uint32
		var size int
		if tag, size, err = uvarint(w.tape); err != nil {
			return err
		}
		switch {
		case tag != 0:
			err = passSized(w.tape)
		case w.see.HideEndpoints:
			if err = w.tape.Put(size, padded(unknownTag, size)); err == nil {
				err = passSized(w.tape)
			}
		default:
			err = w.sized()
		}
	}
	return err
}

// sized rewrites node endpoints, and their size before them.
func (w *walk) sized() error {
	n, size, err := uvarint(w.tape)
	if err != nil {
		return err
	}
	if n > maxEndpoints {
		return fmt.Errorf("reading a response: %d bytes of node endpoints", n)
	}
	b, err := w.tape.Take(int(n))
	if err != nil {
		return err
	}
	inner := &span{in: b}
	sub := *w
	sub.tape = inner
	if err := sub.list(broker()); err != nil {
		return err
	}
	if inner.out == nil {
		return nil
	}
	now := inner.result()
	return w.tape.Put(size+int(n), append(binary.AppendUvarint(nil, uint64(len(now))), now...))
}

// maxEndpoints is more than a thousand brokers with names of full length take.
const maxEndpoints = 1 << 20

func passSized(t Tape) error {
	n, _, err := uvarint(t)
	if err != nil {
		return err
	}
	return t.Pass(int64(n))
}

// uvarint reads one, and says on how many bytes it stands: a peer may write
// more than need be.
func uvarint(t Tape) (v uint32, size int, err error) {
	var sum uint64
	for size < binary.MaxVarintLen32 {
		b, err := t.Take(1)
		if err != nil {
			return 0, 0, err
		}
		sum |= uint64(b[0]&0x7f) << (7 * size)
		size++
		if b[0] < 0x80 {
			if sum > math.MaxUint32 {
				break
			}
			return uint32(sum), size, nil
		}
	}
	return 0, 0, errors.New("reading a frame: a varint of more than 32 bits")
}

// padded writes a small v on size bytes.
func padded(v byte, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = 0x80
	}
	b[0] |= v
	b[size-1] &= 0x7f
	return b
}
