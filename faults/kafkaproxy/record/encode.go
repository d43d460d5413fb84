package record

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// Append appends the batch as it goes over the wire. A batch without records
// is written as compaction leaves one: uncompressed.
func (b *Batch) Append(dst []byte) ([]byte, error) {
	c := b.codec
	if c == nil {
		c = new(Codec)
	}
	kind := Compression(b.Attributes & compressionMask)
	attributes := b.Attributes
	if len(b.Records) == 0 {
		kind, attributes = None, attributes&^compressionMask
	}
	be, at := binary.BigEndian, len(dst)
	//nolint:gosec // the fields are signed on the wire
	{
		dst = be.AppendUint64(dst, uint64(b.BaseOffset))
		dst = be.AppendUint32(dst, 0) // length, once it is known
		dst = be.AppendUint32(dst, uint32(b.LeaderEpoch))
		dst = append(dst, magicNow)
		dst = be.AppendUint32(dst, 0) // checksum
		dst = be.AppendUint16(dst, uint16(attributes))
		dst = be.AppendUint32(dst, uint32(b.LastOffsetDelta))
		dst = be.AppendUint64(dst, uint64(b.FirstTimestamp))
		dst = be.AppendUint64(dst, uint64(b.MaxTimestamp))
		dst = be.AppendUint64(dst, uint64(b.ProducerID))
		dst = be.AppendUint16(dst, uint16(b.ProducerEpoch))
		dst = be.AppendUint32(dst, uint32(b.BaseSequence))
		dst = be.AppendUint32(dst, uint32(len(b.Records)))
	}
	dst, err := b.appendRecords(dst, c, kind)
	if err != nil {
		return dst[:at], fmt.Errorf("compressing a record batch (%s): %w", kind, err)
	}
	length := len(dst) - at - prefixSize
	if length > math.MaxInt32 {
		return dst[:at], fmt.Errorf("writing a record batch: %d bytes are more than Kafka can carry", length)
	}
	be.PutUint32(dst[at+8:], uint32(length)) //nolint:gosec // just checked
	crc := crc32.Checksum(dst[at+crcFrom:], castagnoli())
	if b.KeepCRC {
		if crc == b.crc {
			b.crc ^= 1
		}
		crc = b.crc
	}
	be.PutUint32(dst[at+crcAt:], crc)
	return dst, nil
}

func (b *Batch) appendRecords(dst []byte, c *Codec, kind Compression) ([]byte, error) {
	if kind == None {
		for i := range b.Records {
			dst = b.Records[i].append(dst)
		}
		return dst, nil
	}
	plain := c.scratch()
	defer c.buffers.Put(plain)
	for i := range b.Records {
		*plain = b.Records[i].append(*plain)
	}
	return c.compress(dst, *plain, kind, b.xerial)
}

func (r *Record) append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, int64(r.size()))
	dst = append(dst, byte(r.Attributes)) //nolint:gosec // signed on the wire
	dst = binary.AppendVarint(dst, r.TimestampDelta)
	dst = binary.AppendVarint(dst, int64(r.OffsetDelta))
	dst = appendBytes(dst, r.Key)
	dst = appendBytes(dst, r.Value)
	dst = binary.AppendVarint(dst, int64(len(r.Headers)))
	for _, h := range r.Headers {
		dst = binary.AppendVarint(dst, int64(len(h.Key))) // a key is never null
		dst = append(dst, h.Key...)
		dst = appendBytes(dst, h.Value)
	}
	return dst
}

// size is that of all that follows the size.
func (r *Record) size() int {
	n := 1 + varintSize(r.TimestampDelta) + varintSize(int64(r.OffsetDelta)) +
		bytesSize(r.Key) + bytesSize(r.Value) + varintSize(int64(len(r.Headers)))
	for _, h := range r.Headers {
		n += varintSize(int64(len(h.Key))) + len(h.Key) + bytesSize(h.Value)
	}
	return n
}

func appendBytes(dst, v []byte) []byte {
	if v == nil {
		return binary.AppendVarint(dst, -1)
	}
	return append(binary.AppendVarint(dst, int64(len(v))), v...)
}

func bytesSize(v []byte) int {
	if v == nil {
		return 1
	}
	return varintSize(int64(len(v))) + len(v)
}

func varintSize(v int64) int {
	n := 1
	for u := uint64(v<<1) ^ uint64(v>>63); u >= 0x80; u >>= 7 { //nolint:gosec // zig-zag, as binary.AppendVarint
		n++
	}
	return n
}
