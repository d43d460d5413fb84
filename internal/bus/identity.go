package bus

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Identity names a topic among those of all clusters: it changes where the
// topic is made anew, or Kafka is another one. It fails with servers that give
// topics no ids, such as Kafka before 2.8.
func (b *Bus) Identity(ctx context.Context, topic string) (string, error) {
	all, err := b.admin.Metadata(ctx, topic)
	if err != nil {
		return "", fmt.Errorf("identifying %s: %w", topic, err)
	}
	t := all.Topics[topic]
	if t.Err != nil {
		return "", fmt.Errorf("identifying %s: %w", topic, t.Err)
	}
	if t.ID == (kadm.TopicID{}) {
		return "", fmt.Errorf("identifying %s: this Kafka gives topics no ids; 2.8 and later does", topic)
	}
	return fmt.Sprintf("%s/%s/%s", all.Cluster, t.ID, topic), nil
}
