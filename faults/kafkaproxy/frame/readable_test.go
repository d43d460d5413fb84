package frame_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

func TestLargeBodiesOfRecordsAreReadable(t *testing.T) {
	apis := frame.NewAPIs()
	records := make([]byte, 1<<20)
	newest, _ := apis.Max(frame.Produce)
	for version := range newest + 1 {
		m := kmsg.NewPtrProduceRequest()
		m.Version, m.TransactionID = version, new("desk")
		topic, part := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
		topic.Topic, part.Records = "trades", records
		topic.Partitions = append(topic.Partitions, part, part)
		m.Topics = append(m.Topics, topic, topic)
		h := frame.Header{Key: frame.Produce, Version: version}
		body := m.AppendTo(nil)
		assert.True(t, apis.Readable(h, false, body), "version %d", version)
		assert.False(t, apis.Readable(h, false, body[:len(body)-8]), "version %d is cut", version)
	}
	newest, _ = apis.Max(frame.Fetch)
	for version := range newest + 1 {
		m := kmsg.NewPtrFetchResponse()
		m.Version = version
		topic, part := kmsg.NewFetchResponseTopic(), kmsg.NewFetchResponseTopicPartition()
		topic.Topic, part.RecordBatches = "trades", records
		topic.Partitions = append(topic.Partitions, part, part)
		m.Topics = append(m.Topics, topic, topic)
		assert.True(t, apis.Readable(frame.Header{Key: frame.Fetch, Version: version}, true, m.AppendTo(nil)), "version %d", version)
	}
}

func TestAListThatClaimsMoreThanThereIsIsNotReadable(t *testing.T) {
	apis := frame.NewAPIs()
	claim := func(before int) []byte {
		body := make([]byte, 1<<20)
		binary.BigEndian.PutUint32(body[before:], 1<<20-100)
		return body
	}
	assert.False(t, apis.Readable(frame.Header{Key: frame.Produce}, false, claim(6)), "a million topics")
	assert.False(t, apis.Readable(frame.Header{Key: frame.Metadata, Version: 1}, true, claim(0)), "a million brokers")
	assert.False(t, apis.Readable(frame.Header{Key: int16(kmsg.OffsetCommit)}, false, claim(0)), "nothing is known of it")
	assert.True(t, apis.Readable(frame.Header{Key: int16(kmsg.OffsetCommit)}, false, claim(0)[:1000]), "it is small")
}
