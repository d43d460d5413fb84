package force

import (
	"encoding/binary"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
)

// cut gives the batches of raw up to an offset that is not for the client
// yet. The batch that it stands in ends before it: a client asks for the rest
// next. Of a batch of which nothing is left nothing is given, so that nobody
// takes it for read. from is what the client asked for: it has what is before.
func (e *Engine) cut(raw []byte, from, offset int64) ([]byte, error) {
	if offset <= from {
		return []byte{}, nil
	}
	at := 0
	for len(raw)-at >= 12 {
		size := 12 + int(int32(binary.BigEndian.Uint32(raw[at+8:]))) //nolint:gosec // signed on the wire
		if size < 12 || size > len(raw)-at {
			break
		}
		whole := raw[at : at+size]
		if next, ok := after(whole); ok && next <= offset {
			at += size
			continue
		}
		kept := 0
		short, err := e.codec.Edit(whole, func(b *record.Batch) (bool, error) {
			var gone []int
			for i := range b.Records {
				if b.Offset(i) >= offset {
					gone = append(gone, i)
				} else {
					kept++
				}
			}
			b.Drop(gone, false)
			if kept > 0 {
				b.LastOffsetDelta = b.Records[kept-1].OffsetDelta
			}
			return true, nil
		})
		if err != nil || kept == 0 {
			return raw[:at:at], err
		}
		return append(raw[:at:at], short...), nil
	}
	return raw[:at:at], nil
}

// after is the offset that follows a batch of this format.
func after(batch []byte) (int64, bool) {
	if len(batch) < 61 || batch[16] != 2 {
		return 0, false
	}
	//nolint:gosec // the fields are signed on the wire
	return int64(binary.BigEndian.Uint64(batch)) + int64(int32(binary.BigEndian.Uint32(batch[23:]))) + 1, true
}

// base is the offset that raw begins with.
func base(raw []byte) int64 {
	if len(raw) < 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(raw)) //nolint:gosec // signed on the wire
}
