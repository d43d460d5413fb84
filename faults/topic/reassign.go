package topic

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// reassign moves replicas to other brokers: KIP-455. It is injected once all
// of them are there and in sync, and so takes as long as their data does.
type reassign struct{ seated }

func (reassign) describe() faults.Kind {
	return faults.Kind{
		Name: "topic.reassign", Risk: faults.Caution, Serves: true, Breaks: []spec.TargetKind{spec.TopicKind},
		Summary: "moves a topic's replicas to other brokers, their data with them",
		Parameters: []faults.Parameter{
			partitionParameter(),
			{Name: "to", Summary: "node ids of the brokers that are to have it, by comma, the leader first", Default: "one that has no replica, instead of the last", Check: func(text string) error {
				all, err := nodes(text)
				if err == nil && len(all) == 0 {
					err = errors.New("it is empty; write node ids, such as 1,2,3")
				}
				return err
			}},
		},
	}
}

func (reassign) plan(ctx context.Context, k *kafka, with, undo map[string]string) error {
	to, _ := nodes(with["to"])
	return planSeats(ctx, k, with, undo, func(n sits, brokers []int32) ([]int32, error) {
		for _, b := range to {
			if !slices.Contains(brokers, b) {
				return nil, fmt.Errorf("there is no broker %d; there are %v", b, brokers)
			}
		}
		if slices.Equal(to, n.replicas) {
			return nil, nil
		}
		if len(to) > 0 {
			return to, nil
		}
		i := slices.IndexFunc(brokers, func(b int32) bool { return !slices.Contains(n.replicas, b) })
		if i < 0 {
			return nil, fmt.Errorf("each of the brokers %v has a replica; write to: and those that are to have one", brokers)
		}
		return append(slices.Clone(n.replicas[:len(n.replicas)-1]), brokers[i]), nil
	})
}
