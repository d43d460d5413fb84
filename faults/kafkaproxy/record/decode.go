package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// Read decodes the one batch that raw is.
func (c *Codec) Read(raw []byte) (*Batch, error) {
	size, err := wholeBatch(raw)
	if err == nil && (size != len(raw) || raw[magicAt] != magicNow) {
		err = fmt.Errorf("%d bytes are not one whole batch of magic %d", len(raw), magicNow)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a record batch: %w", err)
	}
	b := new(Batch)
	if err := c.decode(raw, b); err != nil {
		return nil, err
	}
	return b, nil
}

// decode fills b, whose slices are used again, from a whole batch of magic 2.
func (c *Codec) decode(raw []byte, b *Batch) error {
	c.header(raw, b)
	if is := crc32.Checksum(raw[crcFrom:], castagnoli()); is != b.crc {
		return fmt.Errorf("reading a record batch: its checksum is %08x and says %08x", is, b.crc)
	}
	body := raw[headerSize:]
	kind := Compression(b.Attributes & compressionMask)
	b.xerial = kind == Snappy && isXerial(body)
	body, err := c.decompress(body, kind)
	if err != nil {
		return fmt.Errorf("decompressing a record batch (%s): %w", kind, err)
	}
	if err := c.records(body, int(b.Count), b); err != nil {
		return fmt.Errorf("reading the %d records of a batch: %w", b.Count, err)
	}
	return nil
}

// header fills b with what stands before the records, and with none of them.
func (c *Codec) header(raw []byte, b *Batch) {
	be := binary.BigEndian
	//nolint:gosec // the fields are signed on the wire
	{
		b.BaseOffset = int64(be.Uint64(raw))
		b.LeaderEpoch = int32(be.Uint32(raw[12:]))
		b.Attributes = int16(be.Uint16(raw[21:]))
		b.LastOffsetDelta = int32(be.Uint32(raw[23:]))
		b.FirstTimestamp = int64(be.Uint64(raw[27:]))
		b.MaxTimestamp = int64(be.Uint64(raw[35:]))
		b.ProducerID = int64(be.Uint64(raw[43:]))
		b.ProducerEpoch = int16(be.Uint16(raw[51:]))
		b.BaseSequence = int32(be.Uint32(raw[53:]))
		b.Count = int32(be.Uint32(raw[57:]))
	}
	b.Records, b.KeepCRC, b.crc, b.codec = b.Records[:0], false, be.Uint32(raw[crcAt:]), c
}

func (c *Codec) records(body []byte, count int, b *Batch) error {
	if count < 0 || count > len(body)/smallestRecord {
		return fmt.Errorf("they cannot be in %d bytes", len(body))
	}
	r := reader{left: body, budget: c.limit() - len(body) - count*recordCost}
	if r.budget < 0 {
		return fmt.Errorf("they need more than %d bytes of memory: %w", c.limit(), ErrTooLarge)
	}
	if cap(b.Records) < count {
		b.Records = make([]Record, 0, count)
	}
	for i := range count {
		b.Records = append(b.Records, Record{})
		if r.record(&b.Records[i]); r.err != nil {
			return fmt.Errorf("record %d: %w", i, r.err)
		}
	}
	if len(r.left) > 0 {
		return fmt.Errorf("%d bytes are left over", len(r.left))
	}
	return nil
}

// reader takes fields off the front of left. After an error all is zero.
type reader struct {
	left   []byte
	budget int // bytes of memory that headers may still take
	err    error
}

var errShort = errors.New("it ends early")

func (r *reader) record(into *Record) {
	size := r.length()
	if r.err != nil || size < 0 || size > len(r.left) {
		r.fail(errShort)
		return
	}
	rest := r.left[size:]
	r.left = r.left[:size]
	into.Attributes = int8(r.byte()) //nolint:gosec // signed on the wire
	into.TimestampDelta = r.varint()
	into.OffsetDelta = int32(r.length()) //nolint:gosec // length has checked it
	into.Key = r.bytes()
	into.Value = r.bytes()
	into.Headers = r.headers()
	if r.err == nil && len(r.left) > 0 {
		r.fail(fmt.Errorf("%d bytes are left over in it", len(r.left)))
	}
	r.left = rest
}

func (r *reader) headers() []Header {
	n := r.length()
	if n == 0 || r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.left)/2 {
		r.fail(fmt.Errorf("%d headers cannot be in %d bytes", n, len(r.left)))
		return nil
	}
	if r.budget -= n * headerCost; r.budget < 0 {
		r.fail(fmt.Errorf("its headers: %w", ErrTooLarge))
		return nil
	}
	all := make([]Header, n)
	for i := range all {
		if all[i].Key = r.bytes(); all[i].Key == nil {
			r.fail(errors.New("a header without a key"))
			return nil
		}
		all[i].Value = r.bytes()
	}
	return all
}

func (r *reader) bytes() []byte {
	n := r.length()
	if n == -1 || r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.left) {
		r.fail(errShort)
		return nil
	}
	v := r.left[:n:n]
	r.left = r.left[n:]
	return v
}

// length reads a varint that must fit 32 bits.
func (r *reader) length() int {
	v := r.varint()
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.fail(fmt.Errorf("%d is out of range", v))
		return 0
	}
	return int(v)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.left)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.left = r.left[n:]
	return v
}

func (r *reader) byte() byte {
	if len(r.left) == 0 {
		r.fail(errShort)
		return 0
	}
	v := r.left[0]
	r.left = r.left[1:]
	return v
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.left = nil
}
