package sink

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/broker"
)

// coordinate is a record's place in the trade topic.
type coordinate struct {
	partition int32
	offset    int64
}

// coordinates are the records that already have a dead letter.
type coordinates map[coordinate]bool

// letter keeps a record unchanged and says where it was and why it is here.
func (d dead) letter(at time.Time) *kgo.Record {
	r := d.record
	return &kgo.Record{
		Topic: broker.DeadLetters, Key: r.Key, Value: r.Value,
		Headers: append(append([]kgo.RecordHeader{}, r.Headers...), d.headers(at, r.Key)...),
	}
}

// shortest is how many bytes of key and value a short letter has at most.
const shortest = 1 << 10

// short is a letter of a record that the topic of dead letters has no room for:
// the beginning of key and value, and none of its headers. A sink that had no
// letter for it could never go on.
func (d dead) short(at time.Time) *kgo.Record {
	cut := func(all []byte) []byte { return all[:min(len(all), shortest)] }
	r := d.record
	return &kgo.Record{
		Topic: broker.DeadLetters, Key: cut(r.Key), Value: cut(r.Value),
		Headers: append(d.headers(at, cut(r.Key)), header("dlq_cut", fmt.Sprintf("key of %d bytes, value of %d bytes", len(r.Key), len(r.Value)))),
	}
}

func (d dead) headers(at time.Time, key []byte) []kgo.RecordHeader {
	r := d.record
	return []kgo.RecordHeader{
		header("dlq_topic", r.Topic),
		header("dlq_partition", strconv.Itoa(int(r.Partition))),
		header("dlq_offset", strconv.FormatInt(r.Offset, 10)),
		header("dlq_key", string(key)),
		header("dlq_reason", string(d.reason)),
		header("dlq_cause", d.cause.Error()),
		header("dlq_time", at.UTC().Format(time.RFC3339Nano)),
	}
}

func header(key, value string) kgo.RecordHeader {
	return kgo.RecordHeader{Key: key, Value: []byte(value)}
}

// produce sends letters, those that are too large for their topic as short ones.
func produce(ctx context.Context, cl *kgo.Client, buried []dead, at time.Time) error {
	letters := make([]*kgo.Record, len(buried))
	places := map[*kgo.Record]int{}
	for i, d := range buried {
		letters[i] = d.letter(at)
		places[letters[i]] = i
	}
	var large []*kgo.Record
	for _, sent := range cl.ProduceSync(ctx, letters...) {
		switch {
		case errors.Is(sent.Err, kerr.MessageTooLarge):
			large = append(large, buried[places[sent.Record]].short(at))
		case sent.Err != nil:
			return sent.Err
		}
	}
	if len(large) == 0 {
		return nil
	}
	return cl.ProduceSync(ctx, large...).FirstErr()
}

// buried finds the letters written just before a crash, for records that the
// table has not passed: they must not be written twice. A batch has a few
// thousand records at most, so the newest letters are enough.
func buried(ctx context.Context, kafka string, at lake.Watermark) (coordinates, error) {
	const newest = 10_000
	cl, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(kafka, ",")...), kgo.UnknownTopicRetries(-1), kgo.DialTimeout(2*time.Second))
	if err != nil {
		return nil, fmt.Errorf("configuring the reader of dead letters: %w", err)
	}
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, broker.DeadLetters)
	if err != nil {
		return nil, fmt.Errorf("finding the newest dead letters: %w", err)
	}
	end, ok := ends.Lookup(broker.DeadLetters, 0)
	if !ok {
		return nil, fmt.Errorf("finding the newest dead letters: topic %s is not there yet", broker.DeadLetters)
	}
	if end.Err != nil {
		return nil, fmt.Errorf("finding the newest dead letters: %w", end.Err)
	}
	found := coordinates{}
	if end.Offset == 0 {
		return found, nil
	}
	cl.AddConsumePartitions(map[string]map[int32]kgo.Offset{
		broker.DeadLetters: {0: kgo.NewOffset().At(max(0, end.Offset-newest))},
	})
	for next := int64(0); next < end.Offset; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("reading dead letters: %w", err)
		}
		for _, r := range fetches.Records() {
			next = r.Offset + 1
			if c, ok := origin(r); ok && c.offset >= at[lake.Partition{Topic: broker.Topic, Partition: c.partition}] {
				found[c] = true
			}
		}
	}
	return found, nil
}

// origin reads the coordinates of a letter; false for anything else.
func origin(r *kgo.Record) (coordinate, bool) {
	fields := map[string]string{}
	for _, h := range r.Headers {
		fields[h.Key] = string(h.Value)
	}
	partition, err := strconv.ParseInt(fields["dlq_partition"], 10, 32)
	if err != nil || fields["dlq_topic"] != broker.Topic {
		return coordinate{}, false
	}
	offset, err := strconv.ParseInt(fields["dlq_offset"], 10, 64)
	return coordinate{int32(partition), offset}, err == nil
}
