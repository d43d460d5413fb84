package topic

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// moveLeader has another replica that is in sync lead. It is made the
// preferred one, since brokers give a partition back to that by themselves.
type moveLeader struct{ seated }

func (moveLeader) describe() faults.Kind {
	return faults.Kind{
		Name: "topic.move_leader", Risk: faults.Caution, Serves: true, Breaks: []spec.TargetKind{spec.TopicKind},
		Summary: "has another broker lead partitions, one that is in sync",
		Parameters: []faults.Parameter{
			partitionParameter(),
			{Name: "to", Summary: "node id of the broker that is to lead", Default: "the next replica that is in sync", Check: func(text string) error {
				_, err := node(text)
				return err
			}},
		},
	}
}

func (moveLeader) plan(ctx context.Context, k *kafka, with, undo map[string]string) error {
	return planSeats(ctx, k, with, undo, func(n sits, _ []int32) ([]int32, error) {
		to := int32(-1)
		if with["to"] != "" {
			to, _ = node(with["to"])
		} else if i := slices.IndexFunc(n.replicas, func(b int32) bool { return b != n.leader && slices.Contains(n.insync, b) }); i >= 0 {
			to = n.replicas[i]
		}
		if to == n.leader {
			return nil, nil
		}
		if !slices.Contains(n.insync, to) || !slices.Contains(n.replicas, to) {
			return nil, fmt.Errorf("no other replica is in sync that could lead: replicas %v, in sync %v", n.replicas, n.insync)
		}
		return seat{Was: n.replicas, Leader: to}.led(), nil
	})
}

// planSeats notes where partitions are, and where want has them; nil is that
// one stays where it is. brokers are those of the cluster.
func planSeats(ctx context.Context, k *kafka, with, undo map[string]string, want func(now sits, brokers []int32) ([]int32, error)) error {
	name := undo[undoTopic]
	t, err := k.topic(ctx, name)
	if err != nil {
		return err
	}
	m, err := k.BrokerMetadata(ctx)
	if err != nil {
		return fmt.Errorf("listing the brokers: %w", err)
	}
	now, err := k.sits(ctx, name)
	if err != nil {
		return err
	}
	numbers, _ := nodes(with["partition"])
	which, err := wanted(t, numbers)
	if err != nil {
		return err
	}
	var all []seat
	for _, p := range which {
		n := now[p]
		if n.moving || !slices.Contains(n.insync, n.leader) {
			return fmt.Errorf("%w: partition %d of topic %s is on its way, or has no leader; wait until it is well", faults.ErrRefused, p, name)
		}
		set, err := want(n, m.Brokers.NodeIDs())
		if err != nil {
			return fmt.Errorf("%w: partition %d of topic %s: %w", faults.ErrRefused, p, name, err)
		}
		if set != nil {
			all = append(all, seat{p, n.replicas, n.leader, set})
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("%w: all of topic %s is there already; name other brokers", faults.ErrRefused, name)
	}
	return put(undo, undoSet, all)
}

func partitionParameter() faults.Parameter {
	return faults.Parameter{Name: "partition", Summary: "numbers of partitions, by comma", Default: "all", Check: func(text string) error {
		_, err := nodes(text)
		return err
	}}
}

// nodes reads numbers by comma, none of them twice.
func nodes(text string) (all []int32, err error) {
	if text == "" {
		return nil, nil
	}
	for one := range strings.SplitSeq(text, ",") {
		n, err := node(strings.TrimSpace(one))
		if err != nil {
			return nil, err
		}
		if slices.Contains(all, n) {
			return nil, fmt.Errorf("%d stands twice in %q; remove one", n, text)
		}
		all = append(all, n)
	}
	return all, nil
}

func node(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q: write whole numbers from 0 on, with commas between them", text)
	}
	return int32(n), nil
}
