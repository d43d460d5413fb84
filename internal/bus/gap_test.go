package bus

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestTakeStopsBeforeAHole(t *testing.T) {
	r := &reader{topic: "t", next: map[int32]int64{0: 4, 1: 0}}
	fetched := kgo.Fetches{{Topics: []kgo.FetchTopic{{Topic: "t", Partitions: []kgo.FetchPartition{
		{Partition: 0, Records: []*kgo.Record{{Offset: 3}, {Offset: 4}, {Offset: 6}, {Offset: 7}}},
		{Partition: 1, Records: []*kgo.Record{{Partition: 1, Offset: 0}}},
	}}}}}
	got, err := r.take(fetched)
	var gap *GapError
	require.ErrorAs(t, err, &gap)
	assert.Equal(t, GapError{Topic: "t", Partition: 0, Want: 5, Got: 6}, *gap)
	require.Len(t, got, 2)
	assert.Equal(t, int64(4), got[0].Offset)
	assert.Equal(t, map[int32]int64{0: 5, 1: 1}, r.next, "the next read starts at the hole")
	assert.Equal(t, map[int32]int64{0: 5, 1: 1}, Next(map[int32]int64{0: 4}, got))
}
