package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
)

// CommittedBy returns of each partition the next offset that a consumer group
// has committed. A partition that it never committed is not named, and none is
// of a group that is not there.
func (b *Bus) CommittedBy(ctx context.Context, group, topic string) (map[int32]int64, error) {
	all, err := b.admin.FetchOffsetsForTopics(ctx, group, topic)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return map[int32]int64{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking what group %s has committed of %s: %w", group, topic, err)
	}
	out := map[int32]int64{}
	for p, o := range all[topic] {
		if o.Err != nil {
			return nil, fmt.Errorf("asking what group %s has committed of %s/%d: %w", group, topic, p, o.Err)
		}
		if o.At >= 0 {
			out[p] = o.At
		}
	}
	return out, nil
}
