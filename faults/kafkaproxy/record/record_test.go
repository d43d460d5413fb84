package record_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func kinds() []record.Compression {
	return []record.Compression{record.None, record.Gzip, record.Snappy, record.LZ4, record.Zstd}
}

func blob(t *rapid.T, name string) []byte {
	if rapid.Bool().Draw(t, name+" null") {
		return nil
	}
	v := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, name)
	return bytes.Repeat(append([]byte{}, v...), rapid.IntRange(1, 50).Draw(t, name+" times")) // worth compressing
}

func anyBatch(t *rapid.T) record.Batch {
	b := record.Batch{
		BaseOffset:    rapid.Int64Min(0).Draw(t, "base"),
		LeaderEpoch:   rapid.Int32().Draw(t, "epoch"),
		Attributes:    int16(rapid.SampledFrom(kinds()).Draw(t, "kind")) | int16(rapid.IntRange(0, 15).Draw(t, "flags"))<<3,
		MaxTimestamp:  rapid.Int64().Draw(t, "max"),
		ProducerID:    rapid.Int64Min(-1).Draw(t, "producer"),
		ProducerEpoch: rapid.Int16().Draw(t, "producer epoch"),
		BaseSequence:  rapid.Int32().Draw(t, "sequence"),
	}
	b.FirstTimestamp = rapid.Int64Range(0, 1<<50).Draw(t, "first")
	n := rapid.IntRange(0, 30).Draw(t, "records")
	for i := range n {
		r := record.Record{
			OffsetDelta:    int32(i),
			TimestampDelta: rapid.Int64Range(-1<<40, 1<<40).Draw(t, "time"),
			Attributes:     rapid.Int8().Draw(t, "attributes"),
			Key:            blob(t, "key"),
			Value:          blob(t, "value"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			r.Headers = append(r.Headers, record.Header{
				Key:   rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "name"),
				Value: blob(t, "header"),
			})
		}
		b.Records = append(b.Records, r)
	}
	b.LastOffsetDelta = int32(max(0, n-1))
	return b
}

func encoded(t require.TestingT, b *record.Batch) []byte {
	raw, err := b.Append(nil)
	require.NoError(t, err)
	return raw
}

func TestBatchesRoundTrip(t *testing.T) {
	c := new(record.Codec)
	rapid.Check(t, func(t *rapid.T) {
		b := anyBatch(t)
		got, err := c.Read(encoded(t, &b))
		require.NoError(t, err)
		if len(b.Records) == 0 {
			b.Attributes &^= 7
		}
		require.Equal(t, header(b), header(*got))
		require.Len(t, got.Records, len(b.Records))
		for i := range b.Records {
			require.Equal(t, record.Hash(&b.Records[i]), record.Hash(&got.Records[i]))
			require.Equal(t, b.Records[i].TimestampDelta, got.Records[i].TimestampDelta)
			require.Equal(t, b.Records[i].OffsetDelta, got.Records[i].OffsetDelta)
			require.Equal(t, b.Records[i].Attributes, got.Records[i].Attributes)
		}
	})
}

// header is what a batch says besides its records.
func header(b record.Batch) [9]int64 {
	return [9]int64{
		b.BaseOffset, int64(b.LeaderEpoch), int64(b.Attributes), int64(b.LastOffsetDelta), b.FirstTimestamp, b.MaxTimestamp,
		b.ProducerID, int64(b.ProducerEpoch), int64(b.BaseSequence),
	}
}
