package topic

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// sits looks at every partition of a topic: KIP-455 says which are on their
// way.
func (k *kafka) sits(ctx context.Context, name string) (map[int32]sits, error) {
	t, err := k.topic(ctx, name)
	if err != nil {
		return nil, err
	}
	var all kadm.TopicsSet
	all.Add(name, t.Partitions.Numbers()...)
	moving, err := k.ListPartitionReassignments(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("asking where the replicas of topic %s are on their way to: %w", name, err)
	}
	out := map[int32]sits{}
	for n, p := range t.Partitions {
		now := sits{replicas: p.Replicas, leader: p.Leader, insync: p.ISR}
		if m, ok := moving[name][n]; ok {
			now.moving = true
			now.replicas = slices.DeleteFunc(slices.Clone(m.Replicas), func(b int32) bool { return slices.Contains(m.RemovingReplicas, b) })
		}
		out[n] = now
	}
	return out, nil
}

// move assigns, waits until the replicas are there, and has the first of each
// lead. Unless it must, one stays led by another whose first cannot lead.
func (k *kafka) move(ctx context.Context, name string, all []seat, to func(seat) []int32, must bool) error {
	if err := k.assign(ctx, name, all, to); err != nil {
		return err
	}
	return until(ctx, "the leaders of topic "+name+" have moved", func() (bool, error) {
		now, err := k.sits(ctx, name)
		if err != nil {
			return false, err
		}
		var elect kadm.TopicsSet
		left := 0
		for _, s := range all {
			if now[s.Partition].leader != to(s)[0] {
				elect.Add(name, s.Partition)
				left++
			}
		}
		cannot, err := k.elect(ctx, elect)
		return left == 0 || !must && cannot == left, err
	})
}

// assign says where replicas are to be, and returns once all are there.
func (k *kafka) assign(ctx context.Context, name string, all []seat, to func(seat) []int32) error {
	var req kadm.AlterPartitionAssignmentsReq
	now, err := k.sits(ctx, name)
	if err != nil {
		return err
	}
	for _, s := range all {
		if !slices.Equal(now[s.Partition].replicas, to(s)) {
			req.Assign(name, s.Partition, to(s))
		}
	}
	if len(req) > 0 {
		if err := k.alter(ctx, req); err != nil {
			return fmt.Errorf("moving replicas of topic %s: %w", name, err)
		}
	}
	return until(ctx, "the replicas of topic "+name+" have moved", func() (bool, error) {
		now, err := k.sits(ctx, name)
		return !slices.ContainsFunc(all, func(s seat) bool {
			n := now[s.Partition]
			return n.moving || !slices.Equal(n.replicas, to(s))
		}), err
	})
}

func (k *kafka) alter(ctx context.Context, req kadm.AlterPartitionAssignmentsReq) error {
	ctx, stop := settled(ctx)
	defer stop()
	answers, err := k.AlterPartitionAssignments(ctx, req)
	for _, a := range answers.Sorted() {
		err = errors.Join(err, said(a.Err, a.ErrMessage))
	}
	return err
}

// elect has the preferred replicas lead: KIP-183. Those that do already are no
// problem; of how many they cannot, since they are not in sync, it says.
func (k *kafka) elect(ctx context.Context, which kadm.TopicsSet) (cannot int, err error) {
	if len(which) == 0 { // none would be all of the cluster
		return 0, nil
	}
	ctx, stop := settled(ctx)
	defer stop()
	answers, err := k.ElectLeaders(ctx, kadm.ElectPreferredReplica, which)
	for _, partitions := range answers {
		for _, a := range partitions {
			switch {
			case errors.Is(a.Err, kerr.PreferredLeaderNotAvailable):
				cannot++
			case !errors.Is(a.Err, kerr.ElectionNotNeeded):
				err = errors.Join(err, said(a.Err, a.ErrMessage))
			}
		}
	}
	if err != nil {
		return 0, fmt.Errorf("electing leaders: %w", err)
	}
	return cannot, nil
}
