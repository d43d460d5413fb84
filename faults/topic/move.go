package topic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
			now.stuck = slices.ContainsFunc(m.AddingReplicas, func(b int32) bool { return slices.Contains(m.RemovingReplicas, b) })
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
	asked := false
	return until(ctx, "the leaders of topic "+name+" have moved", func() (bool, error) {
		now, err := k.sits(ctx, name)
		if err != nil {
			return false, err
		}
		var elect kadm.TopicsSet
		left := 0
		for _, s := range all {
			if now[s.Partition].leader != to(s)[0] {
				left++
			} else if asked {
				continue
			}
			elect.Add(name, s.Partition) // the first time all: the broker that was asked may lag, the controller knows
		}
		cannot, err := k.elect(ctx, elect)
		done := asked && (left == 0 || !must && cannot == left)
		asked = true
		return done, err
	})
}

// sendAgain is after how long a partition is assigned once more that is not
// there, and not on its way: somebody cancelled it, or it was there before.
const sendAgain = time.Second

// assign says where replicas are to be, and returns once all are there. It says
// so even of those that seem to be there: the broker that was asked may lag, and
// the controller knows. What is on its way elsewhere is called back first: given
// another place midway, Kafka 4.3.1 goes on adding the replicas of the first
// while it removes them, and never arrives.
func (k *kafka) assign(ctx context.Context, name string, all []seat, to func(seat) []int32) error {
	if len(all) == 0 {
		return nil
	}
	sent := map[int32]time.Time{}
	return until(ctx, "the replicas of topic "+name+" have moved", func() (bool, error) {
		now, err := k.sits(ctx, name)
		if err != nil {
			return false, err
		}
		var req kadm.AlterPartitionAssignmentsReq
		left := len(all)
		for _, s := range all {
			n := now[s.Partition]
			there := slices.Equal(n.replicas, to(s))
			last, said := sent[s.Partition]
			switch {
			case n.moving && there && !n.stuck:
			case n.moving:
				req.CancelAssign(name, s.Partition)
				delete(sent, s.Partition)
			case !said || !there && time.Since(last) >= sendAgain:
				req.Assign(name, s.Partition, to(s))
				sent[s.Partition] = time.Now()
			case there:
				left--
			}
		}
		if err := k.alter(ctx, req); err != nil {
			return false, fmt.Errorf("moving replicas of topic %s: %w", name, err)
		}
		return left == 0, nil
	})
}

// alter is no error where it calls back what has arrived meanwhile.
func (k *kafka) alter(ctx context.Context, req kadm.AlterPartitionAssignmentsReq) error {
	if len(req) == 0 {
		return nil
	}
	ctx, stop := k.settled(ctx)
	defer stop()
	answers, err := k.AlterPartitionAssignments(ctx, req)
	for _, a := range answers.Sorted() {
		if !errors.Is(a.Err, kerr.NoReassignmentInProgress) {
			err = errors.Join(err, said(a.Err, a.ErrMessage))
		}
	}
	return err
}

// elect has the preferred replicas lead: KIP-183. Those that do already are no
// problem; of how many they cannot, since they are not in sync, it says.
func (k *kafka) elect(ctx context.Context, which kadm.TopicsSet) (cannot int, err error) {
	if len(which) == 0 { // none would be all of the cluster
		return 0, nil
	}
	ctx, stop := k.settled(ctx)
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
