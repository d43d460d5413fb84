package bus

import (
	"fmt"
	"maps"
	"slices"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// marshaler maps headers to metadata and back, and has no record that it
// cannot take: an unmarshaling error would block its partition for ever.
// Where a header comes twice, the last one counts.
type marshaler struct{}

// Marshal writes metadata as headers, in the order of their names. The
// message's UUID is its ce_id unless the metadata names another.
func (marshaler) Marshal(topic string, msg *message.Message) (*sarama.ProducerMessage, error) {
	out := &sarama.ProducerMessage{Topic: topic, Value: sarama.ByteEncoder(msg.Payload)}
	if origin.HasKey(msg) {
		out.Key = sarama.ByteEncoder(origin.Key(msg))
	}
	if msg.UUID != "" && msg.Metadata.Get(cloudevent.HeaderID) == "" {
		out.Headers = append(out.Headers, header(cloudevent.HeaderID, msg.UUID))
	}
	for _, name := range slices.Sorted(maps.Keys(msg.Metadata)) {
		value := msg.Metadata[name]
		if origin.Reserved(name) || name == cloudevent.HeaderID && value == "" {
			continue
		}
		out.Headers = append(out.Headers, header(name, value))
	}
	return out, nil
}

func header(name, value string) sarama.RecordHeader {
	return sarama.RecordHeader{Key: []byte(name), Value: []byte(value)}
}

// Unmarshal takes any record. Headers under reserved names are dropped before
// the coordinates are noted under them.
func (marshaler) Unmarshal(rec *sarama.ConsumerMessage) (*message.Message, error) {
	meta := make(message.Metadata, len(rec.Headers)+5)
	for _, h := range rec.Headers {
		if h != nil && !origin.Reserved(string(h.Key)) {
			meta[string(h.Key)] = string(h.Value)
		}
	}
	id := meta.Get(cloudevent.HeaderID)
	if id == "" {
		id = fmt.Sprintf("%s/%d/%d", rec.Topic, rec.Partition, rec.Offset)
	}
	msg := message.NewMessage(id, rec.Value)
	msg.Metadata = meta
	origin.Set(msg, origin.Origin{
		Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset, Key: string(rec.Key), Time: rec.Timestamp,
	}, rec.Key != nil)
	return msg, nil
}
