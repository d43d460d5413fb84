package record_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
)

// plainBatch has n records with values v0, v1, …
func plainBatch(kind record.Compression, base int64, n int) *record.Batch {
	b := &record.Batch{
		BaseOffset: base, Attributes: int16(kind), LastOffsetDelta: int32(n - 1),
		FirstTimestamp: 1_000, ProducerID: -1, ProducerEpoch: -1, BaseSequence: -1,
	}
	for i := range n {
		b.Records = append(b.Records, record.Record{
			OffsetDelta: int32(i), TimestampDelta: int64(10 * i), Key: []byte("k"), Value: []byte{'v', byte('0' + i)},
		})
	}
	b.MaxTimestamp = b.FirstTimestamp + int64(10*(n-1))
	return b
}

// consumed is what franz-go, which checks lengths and checksums, makes of raw.
func consumed(raw []byte) ([]*kgo.Record, int64, error) {
	part := kmsg.NewFetchResponseTopicPartition()
	part.RecordBatches = raw
	part.HighWatermark = 1 << 40
	got, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: "t"}, &part, kgo.DefaultDecompressor(), nil)
	return got.Records, next, got.Err
}

func TestAClientReadsWhatWasEdited(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			raw := append(encoded(t, plainBatch(kind, 100, 4)), encoded(t, plainBatch(kind, 104, 4))...)
			out, err := record.Edit(raw, func(b *record.Batch) (bool, error) {
				if b.BaseOffset != 104 {
					return false, nil
				}
				b.Drop([]int{1}, false)
				b.Records[0].Value = []byte("changed")
				return true, nil
			})
			require.NoError(t, err)
			require.True(t, bytes.HasPrefix(out, raw[:len(raw)/2]), "a batch that did not change is not the same")
			records, next, err := consumed(out)
			require.NoError(t, err)
			require.Len(t, records, 7)
			require.Equal(t, "changed", string(records[4].Value))
			require.EqualValues(t, 106, records[5].Offset)
			require.EqualValues(t, 108, next)
		})
	}
}

func TestWithoutAChangeBytesStay(t *testing.T) {
	c := new(record.Codec)
	rapid.Check(t, func(t *rapid.T) {
		var raw []byte
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			b := anyBatch(t)
			raw = append(raw, encoded(t, &b)...)
		}
		whole := rapid.IntRange(0, len(raw)).Draw(t, "cut")
		seen := 0
		out, err := c.Edit(raw[:whole], func(*record.Batch) (bool, error) { seen++; return false, nil })
		require.NoError(t, err)
		require.Equal(t, raw[:whole], out)
		again, err := c.Edit(raw, func(b *record.Batch) (bool, error) { return b.BaseOffset%2 == 0, nil })
		require.NoError(t, err)
		third, err := c.Edit(again, func(*record.Batch) (bool, error) { return true, nil })
		require.NoError(t, err)
		fourth, err := c.Edit(third, func(*record.Batch) (bool, error) { return true, nil })
		require.NoError(t, err)
		require.Equal(t, third, fourth, "what was encoded once is not encoded the same again")
	})
}

func TestAPartialBatchAtTheEndIsKept(t *testing.T) {
	whole, part := encoded(t, plainBatch(record.Gzip, 0, 3)), encoded(t, plainBatch(record.Gzip, 3, 3))
	for cut := range len(part) {
		out, err := record.Edit(append(bytes.Clone(whole), part[:cut]...), func(b *record.Batch) (bool, error) {
			b.Records[0].Value = nil
			return true, nil
		})
		require.NoError(t, err)
		require.True(t, bytes.HasSuffix(out, part[:cut]))
		require.False(t, bytes.HasPrefix(out, whole))
	}
}

// oldMessage is one of a message set of magic 0 or 1.
func oldMessage(magic byte) []byte {
	m := binary.BigEndian.AppendUint64(nil, 7)
	body := append([]byte{1, 2, 3, 4, magic, 0}, make([]byte, int(magic)*8)...)
	body = append(body, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 'v')
	return append(binary.BigEndian.AppendUint32(m, uint32(len(body))), body...)
}

func TestOldMessagesPassAndWhatFollowsIsEdited(t *testing.T) {
	old := append(oldMessage(0), oldMessage(1)...)
	seen := 0
	out, err := record.Edit(append(bytes.Clone(old), encoded(t, plainBatch(record.None, 8, 1))...), func(b *record.Batch) (bool, error) {
		seen++
		b.Records[0].Value = []byte("changed")
		return true, nil
	})
	require.NoError(t, err)
	require.Equal(t, 1, seen)
	require.True(t, bytes.HasPrefix(out, old))
	require.Contains(t, string(out), "changed")
}

func TestWhatCannotBeReadStaysAndTheRestIsEdited(t *testing.T) {
	bad := encoded(t, plainBatch(record.LZ4, 0, 2))
	bad[len(bad)-1] ^= 1
	raw := append(bytes.Clone(bad), encoded(t, plainBatch(record.LZ4, 2, 2))...)
	boom := errors.New("the journal is full")
	raw = append(raw, encoded(t, plainBatch(record.LZ4, 4, 2))...)
	out, err := record.Edit(raw, func(b *record.Batch) (bool, error) {
		if b.BaseOffset == 4 {
			b.Records[0].Value = []byte("lost")
			return true, boom
		}
		b.Records[0].Value = []byte("changed")
		return true, nil
	})
	var unread *record.Unread
	require.ErrorAs(t, err, &unread)
	require.Equal(t, 2, unread.Batches)
	require.ErrorContains(t, err, "checksum")
	require.True(t, bytes.HasPrefix(out, bad))
	require.True(t, bytes.HasSuffix(out, encoded(t, plainBatch(record.LZ4, 4, 2))))
	got := 0
	_, _ = record.Edit(out, func(b *record.Batch) (bool, error) {
		if string(b.Records[0].Value) == "changed" {
			got++
		}
		return false, nil
	})
	require.Equal(t, 1, got)
}

func TestGarbageIsPassedOn(t *testing.T) {
	for name, raw := range map[string][]byte{
		"unknown magic":    append(make([]byte, 16), 3, 0, 0),
		"negative length":  append(binary.BigEndian.AppendUint32(make([]byte, 8), 0xFFFFFFFF), make([]byte, 60)...),
		"length too small": append(binary.BigEndian.AppendUint32(make([]byte, 8), 1), make([]byte, 60)...),
	} {
		t.Run(name, func(t *testing.T) {
			out, err := record.Edit(raw, func(*record.Batch) (bool, error) { return true, nil })
			require.Error(t, err)
			require.Equal(t, raw, out)
		})
	}
}

func TestABombIsRefused(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			b := plainBatch(kind, 0, 1)
			b.Records[0].Value = make([]byte, 4<<20)
			c := &record.Codec{Limit: 1 << 20}
			_, err := c.Read(encoded(t, b))
			require.ErrorIs(t, err, record.ErrTooLarge)
			_, err = new(record.Codec).Read(encoded(t, b))
			require.NoError(t, err)
		})
	}
	t.Run("many small records", func(t *testing.T) {
		b := plainBatch(record.Zstd, 0, 1)
		b.Records = make([]record.Record, 100_000)
		c := &record.Codec{Limit: 1 << 20}
		_, err := c.Read(encoded(t, b))
		require.ErrorIs(t, err, record.ErrTooLarge)
	})
	t.Run("many headers", func(t *testing.T) {
		b := plainBatch(record.Zstd, 0, 1)
		b.Records[0].Headers = make([]record.Header, 100_000)
		for i := range b.Records[0].Headers {
			b.Records[0].Headers[i].Key = []byte{}
		}
		_, err := (&record.Codec{Limit: 1 << 20}).Read(encoded(t, b))
		require.ErrorIs(t, err, record.ErrTooLarge)
	})
}

func TestTheFramingOfJavasSnappyStays(t *testing.T) {
	// As Java's producer writes it: no records part made by this package.
	comp, err := kgo.DefaultCompressor(kgo.SnappyCompression())
	require.NoError(t, err)
	plain := encoded(t, plainBatch(record.None, 0, 3))[61:]
	block, _ := comp.Compress(new(bytes.Buffer), plain)
	framed := append([]byte("\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"), binary.BigEndian.AppendUint32(nil, uint32(len(block)))...)
	raw := withRecords(encoded(t, plainBatch(record.Snappy, 0, 3)), append(framed, block...))

	out, err := record.Edit(raw, func(b *record.Batch) (bool, error) {
		b.Records[0].Value = bytes.Repeat([]byte("x"), 100_000) // several blocks
		return true, nil
	})
	require.NoError(t, err)
	require.Equal(t, "\x82SNAPPY\x00", string(out[61:69]))
	records, _, err := consumed(out)
	require.NoError(t, err)
	require.Len(t, records, 3)
	require.Len(t, records[0].Value, 100_000)
	require.Equal(t, "v2", string(records[2].Value))
}

func TestABrokenChecksumIsAlwaysBroken(t *testing.T) {
	for _, kind := range kinds() {
		for name, edit := range map[string]func(*record.Batch){
			"changed":   func(b *record.Batch) { b.Records[0].Value = []byte("other") },
			"unchanged": func(*record.Batch) {},
		} {
			t.Run(kind.String()+" "+name, func(t *testing.T) {
				once, err := record.Edit(encoded(t, plainBatch(kind, 0, 2)), func(*record.Batch) (bool, error) { return true, nil })
				require.NoError(t, err)
				out, err := record.Edit(once, func(b *record.Batch) (bool, error) { edit(b); b.KeepCRC = true; return true, nil })
				require.NoError(t, err)
				_, _, err = consumed(out)
				require.ErrorContains(t, err, "crc")
				_, err = new(record.Codec).Read(out)
				require.ErrorContains(t, err, "checksum")
			})
		}
	}
}
