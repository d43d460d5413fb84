// Package origin says where a consumed message stands in the log, and which
// key a message is published under. It imports no Kafka client, so handlers
// may use it.
package origin

import (
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Prefix marks the metadata that belongs to the bus. It is never written as a
// header, and a header that bears it is dropped on arrival: a publisher cannot
// forge where its record stands.
const Prefix = "_faultline_"

// Metadata names under which the coordinates of a consumed record travel.
const (
	MetaTopic     = Prefix + "topic"
	MetaPartition = Prefix + "partition"
	MetaOffset    = Prefix + "offset"
	MetaKey       = Prefix + "key"
	MetaTime      = Prefix + "time"
	MetaPublish   = Prefix + "publish_key"
)

// Origin is the place of a record in the log. Key is empty for a record
// without one; HasKey tells that from an empty one. Time is the record's, in
// milliseconds.
type Origin struct {
	Topic     string
	Partition int32
	Offset    int64
	Key       string
	Time      time.Time
}

// Reserved says whether a metadata or header name belongs to the bus.
func Reserved(name string) bool { return strings.HasPrefix(name, Prefix) }

// Set notes where a message came from, and whether its record had a key. Only
// the bus, and tests that stand in for it, call this.
func Set(msg *message.Message, o Origin, keyed bool) {
	msg.Metadata.Set(MetaTopic, o.Topic)
	msg.Metadata.Set(MetaPartition, strconv.FormatInt(int64(o.Partition), 10))
	msg.Metadata.Set(MetaOffset, strconv.FormatInt(o.Offset, 10))
	msg.Metadata.Set(MetaTime, strconv.FormatInt(o.Time.UnixMilli(), 10))
	delete(msg.Metadata, MetaKey)
	if keyed {
		msg.Metadata.Set(MetaKey, o.Key)
	}
}

// Of returns where a message came from, and false for one that was not
// consumed through the bus.
func Of(msg *message.Message) (Origin, bool) {
	o := Origin{Topic: msg.Metadata.Get(MetaTopic)}
	partition, err := strconv.ParseInt(msg.Metadata.Get(MetaPartition), 10, 32)
	if err != nil || o.Topic == "" {
		return Origin{}, false
	}
	o.Partition = int32(partition)
	if o.Offset, err = strconv.ParseInt(msg.Metadata.Get(MetaOffset), 10, 64); err != nil {
		return Origin{}, false
	}
	millis, err := strconv.ParseInt(msg.Metadata.Get(MetaTime), 10, 64)
	if err != nil {
		return Origin{}, false
	}
	o.Time = time.UnixMilli(millis).UTC()
	o.Key = msg.Metadata.Get(MetaKey)
	return o, true
}

// SetKey sets the key that a message is published under.
func SetKey(msg *message.Message, key string) { msg.Metadata.Set(MetaPublish, key) }

// Key is the key that a message is published under: what SetKey gave it, else
// the key of the record that it was consumed from, so that a record handed on
// keeps its order. Empty where there is none, and for an empty one.
func Key(msg *message.Message) string {
	if key, ok := msg.Metadata[MetaPublish]; ok {
		return key
	}
	return msg.Metadata.Get(MetaKey)
}

// HasKey says whether a message has a key, be it an empty one. A message
// without is published to any partition.
func HasKey(msg *message.Message) bool {
	_, set := msg.Metadata[MetaPublish]
	_, had := msg.Metadata[MetaKey]
	return set || had
}
