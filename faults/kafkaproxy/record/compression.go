package record

import (
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// DefaultLimit is how many bytes of memory a batch may take decoded.
const DefaultLimit = 128 << 20

// ErrTooLarge says that a batch would take more memory than the limit.
var ErrTooLarge = errors.New("it is larger than the limit")

// Compression is how the records of a batch are compressed.
type Compression int8

// The kinds of compression.
const (
	None Compression = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

// String implements fmt.Stringer.
func (k Compression) String() string {
	switch k {
	case None:
		return "none"
	case Gzip:
		return "gzip"
	case Snappy:
		return "snappy"
	case LZ4:
		return "lz4"
	case Zstd:
		return "zstd"
	}
	return fmt.Sprintf("compression %d", int8(k))
}

// Codec reads and writes batches, and keeps what that needs for the next one.
// The zero value is ready; it is safe for concurrent use.
type Codec struct {
	// Limit is how many bytes of memory one batch may take decoded: its bytes
	// decompressed, and 120 for each record, 48 for each header. 0 is
	// DefaultLimit. It is set before first use.
	Limit int

	batches, buffers sync.Pool // *Batch, *[]byte
	gunzip, gzip     sync.Pool
	unlz4, lz4       sync.Pool
	zstdOnce         sync.Once
	unzstd           *zstd.Decoder
	zstd             *zstd.Encoder
	zstdErr          error
}

func (c *Codec) limit() int {
	if c.Limit > 0 {
		return c.Limit
	}
	return DefaultLimit
}

func (c *Codec) batch() *Batch {
	if b, ok := c.batches.Get().(*Batch); ok {
		return b
	}
	return new(Batch)
}

func (c *Codec) scratch() *[]byte {
	if b, ok := c.buffers.Get().(*[]byte); ok {
		*b = (*b)[:0]
		return b
	}
	return new([]byte)
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // the standard library keeps it
