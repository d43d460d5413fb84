// Package answer makes responses that a broker did not give: errors, throttle
// times, stale leaders, other coordinators. It is pure, and works on the
// messages of franz-go's kmsg in each of their versions. What is selected, and
// how often, is said by others.
// Source of the codes and fields: https://kafka.apache.org/protocol.html
package answer

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Place is one place of a message for which an error can be told.
type Place struct {
	Topic     string   // "" where the message calls it by ID, or is of no topic
	ID        [16]byte // of the topic, where the message calls it so
	Partition int32    // -1: the topic as a whole, or no topic
	Group     string   // of find coordinator and offset fetch, which are of many
}

// Whole is the place of a message that is of no topic: a heartbeat.
func Whole() Place { return Place{Partition: -1} }

// OfTopic says that the place is of a topic.
func (p Place) OfTopic() bool { return p.Topic != "" || p.ID != [16]byte{} }

// Pick says which places are selected.
type Pick func(Place) bool

// All selects each place.
func All(Place) bool { return true }

// Selects says whether pick takes a place of a request or a response.
func Selects(m any, pick Pick) bool {
	found := false
	look := func(p Place, _ func()) { found = found || pick(p) }
	switch m := m.(type) {
	case kmsg.Response:
		walk(m, 0, look)
	case kmsg.Request:
		asked(m, look)
	}
	return found
}

// Knows says whether errors can be told of an API.
func Knows(api int16) bool {
	resp := kmsg.ResponseForKey(api)
	if resp == nil {
		return false
	}
	// a response of many places is empty as it is made
	return ByTopic(api) || api == kmsg.FindCoordinator.Int16() || Selects(resp, All)
}

// Acts says whether a request of an API changes what the broker holds. To
// refuse the others before they reach the broker is the same as after.
func Acts(api int16) bool {
	return slices.Contains([]kmsg.Key{
		kmsg.Produce, kmsg.OffsetCommit, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.LeaveGroup,
		kmsg.ConsumerGroupHeartbeat, kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn,
		kmsg.EndTxn, kmsg.TxnOffsetCommit,
	}, kmsg.Key(api))
}

// Acknowledges says whether a response of an API tells that something was
// stored: what a lost acknowledgement is of when no API is named.
func Acknowledges(api int16) bool {
	return slices.Contains([]kmsg.Key{
		kmsg.Produce, kmsg.OffsetCommit, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn, kmsg.TxnOffsetCommit,
	}, kmsg.Key(api))
}

// ByTopic says whether a message of an API names topics.
func ByTopic(api int16) bool {
	return slices.Contains([]kmsg.Key{
		kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.OffsetCommit, kmsg.OffsetFetch,
		kmsg.AddPartitionsToTxn, kmsg.TxnOffsetCommit, kmsg.DescribeTopicPartitions,
	}, kmsg.Key(api))
}

// placeOf is that of a topic whose name may be null.
func placeOf(name *string, id [16]byte, partition int32) Place {
	p := Place{ID: id, Partition: partition}
	if name != nil {
		p.Topic = *name
	}
	return p
}
