package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// What xerial's SnappyOutputStream, which Java's producer uses, writes first:
// its magic, version 1, and the oldest version that can read it, 1.
const (
	xerialMagic  = "\x82SNAPPY\x00"
	xerialHeader = xerialMagic + "\x00\x00\x00\x01\x00\x00\x00\x01"
	xerialBlock  = 32 << 10 // bytes, before compression
)

func isXerial(src []byte) bool {
	return len(src) >= len(xerialHeader) && string(src[:len(xerialMagic)]) == xerialMagic
}

// decompress never gives more than the limit; what it gives shares no memory
// with the codec.
func (c *Codec) decompress(src []byte, kind Compression) ([]byte, error) {
	if len(src) == 0 {
		return src, nil // of an empty batch: compaction keeps no compression, others may
	}
	switch kind {
	case None:
		if len(src) > c.limit() {
			return nil, ErrTooLarge
		}
		return src, nil
	case Gzip:
		return c.ungzip(src)
	case Snappy:
		return c.unsnappy(src)
	case LZ4:
		r, ok := c.unlz4.Get().(*lz4.Reader)
		if !ok {
			r = lz4.NewReader(nil)
		}
		defer c.unlz4.Put(r)
		r.Reset(bytes.NewReader(src))
		return c.drain(r, len(src))
	case Zstd:
		if err := c.openZstd(); err != nil {
			return nil, err
		}
		out, err := c.unzstd.DecodeAll(src, nil)
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
			err = fmt.Errorf("%w: %w", ErrTooLarge, err)
		}
		return out, err
	}
	return nil, errors.New("nothing known writes it")
}

func (c *Codec) ungzip(src []byte) ([]byte, error) {
	from := bytes.NewReader(src)
	r, ok := c.gunzip.Get().(*gzip.Reader)
	if !ok {
		r = new(gzip.Reader)
	}
	if err := r.Reset(from); err != nil {
		return nil, err
	}
	defer c.gunzip.Put(r)
	return c.drain(r, len(src))
}

// drain reads r to its end, or to the limit. size is that of what r reads.
func (c *Codec) drain(r io.Reader, size int) ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, min(4*size+bytes.MinRead, c.limit())))
	n, err := out.ReadFrom(io.LimitReader(r, int64(c.limit())+1))
	if err == nil && n > int64(c.limit()) {
		err = ErrTooLarge
	}
	return out.Bytes(), err
}

func (c *Codec) unsnappy(src []byte) ([]byte, error) {
	if !isXerial(src) {
		return c.appendSnappy(nil, src)
	}
	var out []byte
	for rest := src[len(xerialHeader):]; len(rest) > 0; {
		if len(rest) < 4 {
			return nil, errShort
		}
		size := int64(binary.BigEndian.Uint32(rest))
		rest = rest[4:]
		if size > int64(len(rest)) {
			return nil, errShort
		}
		var err error
		if out, err = c.appendSnappy(out, rest[:size]); err != nil {
			return nil, err
		}
		rest = rest[size:]
	}
	return out, nil
}

// snappyGain is how many times more bytes a block can hold than it has:
// snappy's best copy makes 64 bytes of 3.
const snappyGain = 22

func (c *Codec) appendSnappy(out, block []byte) ([]byte, error) {
	size, err := s2.DecodedLen(block)
	if err != nil {
		return nil, err
	}
	if size > c.limit()-len(out) {
		return nil, ErrTooLarge
	}
	if size > snappyGain*len(block) {
		return nil, fmt.Errorf("%d bytes cannot hold the %d that they claim", len(block), size)
	}
	out = slices.Grow(out, size)
	if _, err := s2.Decode(out[len(out):len(out)+size], block); err != nil {
		return nil, err
	}
	return out[:len(out)+size], nil
}
