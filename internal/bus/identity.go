package bus

import (
	"context"
	"fmt"
)

// Identity names a topic among all of all clusters: it changes where the topic
// is made anew, or Kafka is another one. Kafka before 2.8 gives topics no ids;
// there a topic that was made anew keeps its identity.
func (b *Bus) Identity(ctx context.Context, topic string) (string, error) {
	all, err := b.admin.Metadata(ctx, topic)
	if err != nil {
		return "", fmt.Errorf("identifying %s: %w", topic, err)
	}
	t := all.Topics[topic]
	if t.Err != nil {
		return "", fmt.Errorf("identifying %s: %w", topic, t.Err)
	}
	return fmt.Sprintf("%s/%s/%s", all.Cluster, t.ID, topic), nil
}
