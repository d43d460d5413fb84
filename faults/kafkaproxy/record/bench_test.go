package record_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
)

// BenchmarkDecode reads every record of a batch of 64 KiB, as a fault of rate
// 0 does, and BenchmarkEncode writes it again. MB/s are of bytes decompressed.
func BenchmarkDecode(b *testing.B) { bench(b, false) }

// BenchmarkEncode is decode, one change, and encode.
func BenchmarkEncode(b *testing.B) { bench(b, true) }

func bench(b *testing.B, change bool) {
	b.Helper()
	for _, size := range []int{100, 1024} {
		for _, kind := range kinds() {
			b.Run(fmt.Sprintf("%s/%d", kind, size), func(b *testing.B) {
				batch := &record.Batch{Attributes: int16(kind), ProducerID: -1}
				draw := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // bytes to compress, no secret
				for i := range (64 << 10) / size {
					v := make([]byte, size)
					for j := range v {
						v[j] = "0123456789abcdef"[draw.IntN(16)]
					}
					batch.Records = append(batch.Records, record.Record{OffsetDelta: int32(i), Value: v})
				}
				raw, err := batch.Append(nil)
				require.NoError(b, err)
				c := new(record.Codec)
				b.SetBytes(64 << 10)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.Edit(raw, func(*record.Batch) (bool, error) { return change, nil }); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
