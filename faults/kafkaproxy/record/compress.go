package record

import (
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

// appender is a writer that appends to what it points to.
type appender struct{ dst []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.dst = append(a.dst, p...)
	return len(p), nil
}

func (c *Codec) compress(dst, plain []byte, kind Compression, xerial bool) ([]byte, error) {
	switch kind {
	case None:
		return append(dst, plain...), nil
	case Gzip:
		w, ok := c.gzip.Get().(*gzip.Writer)
		if !ok {
			w = gzip.NewWriter(nil)
		}
		defer c.gzip.Put(w)
		to := &appender{dst}
		w.Reset(to)
		return writeAll(w, to, plain)
	case Snappy:
		if xerial {
			return appendXerial(dst, plain), nil
		}
		return appendBlock(dst, plain), nil
	case LZ4:
		w, ok := c.lz4.Get().(*lz4.Writer)
		if !ok {
			w = lz4.NewWriter(nil)
			// Blocks as small as Java's; independent, which Java demands, they are anyway.
			if err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb)); err != nil {
				return dst, err
			}
		}
		defer c.lz4.Put(w)
		to := &appender{dst}
		w.Reset(to)
		return writeAll(w, to, plain)
	case Zstd:
		if err := c.openZstd(); err != nil {
			return dst, err
		}
		return c.zstd.EncodeAll(plain, dst), nil
	}
	return dst, errors.New("nothing known reads it")
}

func writeAll(w io.WriteCloser, to *appender, plain []byte) ([]byte, error) {
	_, err := w.Write(plain)
	return to.dst, errors.Join(err, w.Close())
}

func appendXerial(dst, plain []byte) []byte {
	dst = append(dst, xerialHeader...)
	for block := range slices.Chunk(plain, xerialBlock) {
		at := len(dst)
		dst = appendBlock(append(dst, 0, 0, 0, 0), block)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4)) //nolint:gosec // a block is small
	}
	return dst
}

func appendBlock(dst, plain []byte) []byte {
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(plain)))
	return dst[:len(dst)+len(s2.EncodeSnappy(dst[len(dst):cap(dst)], plain))]
}

// openZstd makes the two that serve every batch.
func (c *Codec) openZstd() error {
	c.zstdOnce.Do(func() {
		var of, to error
		c.unzstd, of = zstd.NewReader(nil, zstd.WithDecoderLowmem(true),
			zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(uint64(c.limit()))) //nolint:gosec // positive
		c.zstd, to = zstd.NewWriter(nil, zstd.WithWindowSize(64<<10), zstd.WithZeroFrames(true))
		if err := errors.Join(of, to); err != nil {
			c.zstdErr = fmt.Errorf("opening zstd: %w", err)
		}
	})
	return c.zstdErr
}
