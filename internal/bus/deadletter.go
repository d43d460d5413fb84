package bus

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// Headers of a dead letter, beside those of the record itself.
const (
	HeaderTopic     = "dlq_topic"
	HeaderPartition = "dlq_partition"
	HeaderOffset    = "dlq_offset"
	HeaderKey       = "dlq_key" // missing where the record had none
	HeaderCause     = "dlq_cause"
	HeaderTime      = "dlq_time" // RFC 3339, when it was given up
	HeaderSHA256    = "dlq_sha256"
	// HeaderTruncated is how many bytes of the payload were cut off.
	HeaderTruncated = "dlq_truncated_bytes"
	// HeaderDropped is how many of the record's own headers were left out.
	HeaderDropped = "dlq_dropped_headers"
)

const (
	causeBytes = 2 << 10 // of a cause: a panic brings its whole stack
	// recordOverhead is more than what the wire adds to a record and to each
	// of its headers; sarama counts 36 and 10.
	recordOverhead = 64
	headerOverhead = 10
)

// deadLetters gives up a record that its handler cannot take: it publishes
// it with its place and cause, and acks. Where that cannot be published, or the
// record is not to blame, the error goes on and the record comes again.
type deadLetters struct {
	publisher message.Publisher
	topic     string
	limit     int // bytes of one record
	now       func() time.Time
	log       *slog.Logger
}

func (d deadLetters) middleware(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		outer := msg.Context()
		out, err := next(msg)
		if err == nil {
			return out, nil
		}
		// A handler that was stopped says nothing about its record.
		if outer.Err() != nil {
			return nil, err
		}
		if poison.IsSpared(err) {
			d.log.Warn("a record waits", "id", msg.UUID, "error", err)
			return nil, err
		}
		letter := deadLetter(msg, err, d.now(), d.limit)
		if failed := d.publisher.Publish(d.topic, letter); failed != nil {
			return nil, errors.Join(err, fmt.Errorf("giving up record %s: %w", msg.UUID, failed))
		}
		at, _ := origin.Of(msg)
		d.log.Warn("gave up a record", "topic", at.Topic, "partition", at.Partition, "offset", at.Offset, "error", err)
		return nil, nil
	}
}

// deadLetter is the record with its place and cause, cut to fit.
func deadLetter(msg *message.Message, cause error, now time.Time, limit int) *message.Message {
	out := message.NewMessage(msg.UUID, msg.Payload)
	for name, value := range msg.Metadata {
		if !origin.Reserved(name) {
			out.Metadata[name] = value
		}
	}
	at, _ := origin.Of(msg)
	out.Metadata[HeaderTopic] = at.Topic
	out.Metadata[HeaderPartition] = strconv.FormatInt(int64(at.Partition), 10)
	out.Metadata[HeaderOffset] = strconv.FormatInt(at.Offset, 10)
	out.Metadata[HeaderCause] = strings.ToValidUTF8(cut(cause.Error(), causeBytes), "")
	out.Metadata[HeaderTime] = now.UTC().Format(time.RFC3339Nano)
	delete(out.Metadata, HeaderKey) // a dead letter's own, given up again
	delete(out.Metadata, HeaderTruncated)
	delete(out.Metadata, HeaderDropped)
	sum := sha256.Sum256(msg.Payload)
	out.Metadata[HeaderSHA256] = hex.EncodeToString(sum[:])
	if origin.HasKey(msg) {
		origin.SetKey(out, origin.Key(msg))
		out.Metadata[HeaderKey] = origin.Key(msg)
	}
	fit(out, limit)
	return out
}

// fit makes a dead letter small enough to be published: first the record's
// own headers and key, where they take more than half, then the payload.
func fit(letter *message.Message, limit int) {
	if size(letter) <= limit {
		return
	}
	if size(letter)-len(letter.Payload) > limit/2 {
		shrinkHeaders(letter)
	}
	over := size(letter) + headerOverhead + len(HeaderTruncated) + 20 - limit
	if over <= 0 {
		return
	}
	over = min(over, len(letter.Payload))
	letter.Payload = letter.Payload[:len(letter.Payload)-over]
	letter.Metadata[HeaderTruncated] = strconv.Itoa(over)
}

// shrinkHeaders keeps what identifies a record and counts what it drops.
func shrinkHeaders(letter *message.Message) {
	const keep = 1 << 10
	dropped := 0
	for name, value := range letter.Metadata {
		switch name {
		case HeaderTopic, HeaderPartition, HeaderOffset, HeaderCause, HeaderTime, HeaderSHA256:
		case cloudevent.HeaderID, cloudevent.HeaderType, cloudevent.HeaderSource, cloudevent.HeaderTime,
			HeaderKey, origin.MetaPublish:
			letter.Metadata[name] = cut(value, keep)
		default:
			delete(letter.Metadata, name)
			dropped++
		}
	}
	letter.UUID = cut(letter.UUID, keep)
	letter.Metadata[HeaderDropped] = strconv.Itoa(dropped)
}

func cut(s string, limit int) string { return s[:min(len(s), limit)] }

// size is at least what a producer reckons for a message.
func size(msg *message.Message) int {
	n := recordOverhead + len(msg.Payload) + len(cloudevent.HeaderID) + len(msg.UUID) + headerOverhead
	for name, value := range msg.Metadata {
		n += len(name) + len(value) + headerOverhead
	}
	return n
}
