package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// EndOffsets returns the offset after the last record of each partition.
func (b *Bus) EndOffsets(ctx context.Context, topic string) (map[int32]int64, error) {
	return b.offsets(ctx, topic, "end", b.admin.ListEndOffsets)
}

// StartOffsets returns the oldest offset of each partition.
func (b *Bus) StartOffsets(ctx context.Context, topic string) (map[int32]int64, error) {
	return b.offsets(ctx, topic, "start", b.admin.ListStartOffsets)
}

// OffsetsSince returns of each partition the offset of the first record that
// bears a time of at or later, and the end where none does. The times are those
// of the publishers' clocks.
func (b *Bus) OffsetsSince(ctx context.Context, topic string, at time.Time) (map[int32]int64, error) {
	return b.offsets(ctx, topic, "later", func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
		return b.admin.ListOffsetsAfterMilli(ctx, at.UnixMilli(), topics...)
	})
}

// offsets asks again for up to ten seconds while brokers say that it will get
// better: right after a topic was made, or while leaders move, not every
// broker knows yet what it leads.
func (b *Bus) offsets(
	ctx context.Context, topic, which string, list func(context.Context, ...string) (kadm.ListedOffsets, error),
) (map[int32]int64, error) {
	for late := time.After(openTimeout); ; {
		listed, err := list(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("listing %s offsets of %s: %w", which, topic, err)
		}
		out, again, err := offsetsOf(listed, topic)
		if !again {
			return out, err
		}
		select {
		case <-time.After(leaderPoll):
		case <-late:
			return nil, err
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}

// offsetsOf also says whether all that is wrong passes by itself.
func offsetsOf(listed kadm.ListedOffsets, topic string) (out map[int32]int64, again bool, err error) {
	out = map[int32]int64{}
	var problems []error
	again = true
	for _, p := range slices.Sorted(maps.Keys(listed[topic])) {
		o := listed[topic][p]
		if o.Err != nil {
			problems = append(problems, fmt.Errorf("listing offsets of %s/%d: %w", topic, p, o.Err))
			again = again && kerr.IsRetriable(o.Err) && !errors.Is(o.Err, kerr.UnknownTopicOrPartition)
			continue
		}
		out[p] = o.Offset
	}
	if len(out) == 0 && len(problems) == 0 {
		problems = append(problems, fmt.Errorf("listing offsets of %s: the topic has no partitions: create it first", topic))
		again = false
	}
	return out, again && len(problems) > 0, errors.Join(problems...)
}
