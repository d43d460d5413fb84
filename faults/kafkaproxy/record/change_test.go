package record_test

import (
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
)

// withRecords puts other bytes behind the header of a batch, and makes length
// and checksum right.
func withRecords(raw, records []byte) []byte {
	raw = append(raw[:61:61], records...)
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

func offsets(b *record.Batch) (all []int64) {
	for i := range b.Records {
		all = append(all, b.Offset(i))
	}
	return all
}

func values(b *record.Batch) (all []string) {
	for _, r := range b.Records {
		all = append(all, string(r.Value))
	}
	return all
}

func TestDroppedOnFetchLeavesAGap(t *testing.T) {
	b := plainBatch(record.Zstd, 100, 4)
	b.Drop([]int{0, 3}, false)
	require.Equal(t, []int64{101, 102}, offsets(b))
	require.EqualValues(t, 3, b.LastOffsetDelta)
	require.EqualValues(t, 1_020, b.MaxTimestamp)
	require.EqualValues(t, 1_010, b.Timestamp(0))
}

func TestAllDroppedOnFetchLeavesAnEmptyBatch(t *testing.T) {
	b := plainBatch(record.Zstd, 100, 2)
	b.Drop([]int{0, 1}, false)
	records, next, err := consumed(encoded(t, b))
	require.NoError(t, err)
	require.Empty(t, records)
	require.EqualValues(t, 102, next, "a client does not move on")
	require.EqualValues(t, 1_010, b.MaxTimestamp)
}

func TestDroppedOnProduceIsNumberedAnew(t *testing.T) {
	b := plainBatch(record.None, 0, 4)
	b.Drop([]int{0, 2}, true)
	require.Equal(t, []int64{0, 1}, offsets(b))
	require.Equal(t, []string{"v1", "v3"}, values(b))
	require.EqualValues(t, 1, b.LastOffsetDelta)
	require.EqualValues(t, 1_010, b.FirstTimestamp)
	require.EqualValues(t, 1_030, b.MaxTimestamp)
	require.Zero(t, b.Records[0].TimestampDelta)
}

func TestValuesChangePlaces(t *testing.T) {
	b := plainBatch(record.None, 0, 3)
	b.Records[2].Key = []byte("other")
	require.True(t, b.SwapValues(0, 2))
	require.Equal(t, []string{"v2", "v1", "v0"}, values(b))
	require.Equal(t, "other", string(b.Records[2].Key))
	b.Records[0].Value = b.Records[1].Value
	require.False(t, b.SwapValues(0, 1), "a swap that changes nothing")
	b.Records[0].Value, b.Records[1].Value = nil, []byte{}
	require.True(t, b.SwapValues(0, 1), "null is not empty")
}

func TestRecordsChangePlaces(t *testing.T) {
	b := plainBatch(record.None, 0, 3)
	require.True(t, b.Reorder(0, 2))
	require.Equal(t, []string{"v2", "v1", "v0"}, values(b))
	require.Equal(t, []int64{0, 1, 2}, offsets(b))
	require.EqualValues(t, 1_020, b.FirstTimestamp)
	require.Equal(t, []int64{1_020, 1_010, 1_000}, []int64{b.Timestamp(0), b.Timestamp(1), b.Timestamp(2)})
	require.EqualValues(t, 1_020, b.MaxTimestamp)
	require.False(t, b.Reorder(1, 1))
	twins := plainBatch(record.None, 0, 2)
	twins.Records[0].Value, twins.Records[1].TimestampDelta = twins.Records[1].Value, 0
	require.False(t, twins.Reorder(0, 1), "equal records change nothing")
}

func TestTimestampsMove(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*record.Batch)
		index      int
		by         time.Duration
		moved      bool
		first, max int64
		want       []int64
	}{
		"the last":         {index: 2, by: time.Second, moved: true, first: 1_000, max: 2_020, want: []int64{1_000, 1_010, 2_020}},
		"the first":        {index: 0, by: -time.Second, moved: true, first: 0, max: 1_020, want: []int64{0, 1_010, 1_020}},
		"below a ms":       {index: 0, by: time.Microsecond, first: 1_000, max: 1_020, want: []int64{1_000, 1_010, 1_020}},
		"brokers own time": {change: func(b *record.Batch) { b.Attributes |= 8 }, by: time.Second, first: 1_000, max: 1_020, want: []int64{1_020, 1_020, 1_020}},
		"delete horizon": {
			change: func(b *record.Batch) { b.Attributes |= 0x40 }, by: time.Second, moved: true,
			first: 1_000, max: 2_000, want: []int64{2_000, 1_010, 1_020},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := plainBatch(record.None, 0, 3)
			if c.change != nil {
				c.change(b)
			}
			require.Equal(t, c.moved, b.ShiftTimestamp(c.index, c.by))
			require.Equal(t, c.first, b.FirstTimestamp)
			require.Equal(t, c.max, b.MaxTimestamp)
			require.Equal(t, c.want, []int64{b.Timestamp(0), b.Timestamp(1), b.Timestamp(2)})
		})
	}
}

// The layout is kept in tables of the past: these never change.
func TestHashesStay(t *testing.T) {
	for want, r := range map[string]record.Record{
		"83f1a4a6be7ec7ed7cdbe36190516bbe976c9ae14ffe7fe27ec055d1193f55a3": {Key: []byte("k"), Value: []byte("v")},
		"cf213415bb2d62fdd29834bc0ea893ba3fe2e8798bc1155cda277d26732c9fcb": {Value: []byte{}, Headers: []record.Header{{Key: []byte("h")}, {Key: []byte("h"), Value: []byte("1")}}},
	} {
		require.Equal(t, want, record.Hash(&r))
	}
	require.NotEqual(t, record.Hash(&record.Record{}), record.Hash(&record.Record{Value: []byte{}}), "null is not empty")
}
