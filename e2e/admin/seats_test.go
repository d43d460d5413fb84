//go:build e2e

package admin_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/topic"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// place is where a partition is.
type place struct {
	leader   int32
	replicas []int32
}

func places(t *testing.T, a *kadm.Client, name string) map[int32]place {
	t.Helper()
	all, err := a.ListTopics(t.Context(), name)
	require.NoError(t, err)
	out := map[int32]place{}
	for n, p := range all[name].Partitions {
		out[n] = place{p.Leader, p.Replicas}
	}
	return out
}

func plan(t *testing.T, kind string, with map[string]string, on spec.Target) (topic.Driver, faults.Receipt) {
	t.Helper()
	d := topic.Driver{Kind: kind}
	r, err := d.Plan(t.Context(), spec.Fault{Kind: kind, Target: "t", With: with}, on)
	require.NoError(t, err)
	r.ID, r.Expires = "exp/"+t.Name(), ledger.Boottime()+time.Minute
	return d, r
}

func TestALeaderMovesAndComesBack(t *testing.T) {
	a, on := admin(t), fresh(t, 3)
	before := places(t, a, on.Topic.Name)
	d, r := plan(t, "topic.move_leader", nil, on)
	require.NoError(t, d.Inject(t.Context(), r))
	for n, p := range places(t, a, on.Topic.Name) {
		assert.NotEqual(t, before[n].leader, p.leader)
		assert.Equal(t, p.replicas[0], p.leader, "it is the preferred one, so that Kafka leaves it there")
		assert.ElementsMatch(t, before[n].replicas, p.replicas)
	}
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, before, places(t, a, on.Topic.Name))
}

// TestALeaderComesBackThatWasNotPreferred has the fault begin where another
// than the first replica leads.
func TestALeaderComesBackThatWasNotPreferred(t *testing.T) {
	a, on := admin(t), fresh(t, 3)
	home := places(t, a, on.Topic.Name)
	d, r := plan(t, "topic.move_leader", nil, on)
	require.NoError(t, d.Inject(t.Context(), r))
	var back kadm.AlterPartitionAssignmentsReq
	for n, p := range home {
		back.Assign(on.Topic.Name, n, p.replicas) // and no election
	}
	all, err := a.AlterPartitionAssignments(t.Context(), back)
	require.NoError(t, err)
	require.NoError(t, all.Error())
	require.Eventually(t, func() bool { return slices.Equal(places(t, a, on.Topic.Name)[0].replicas, home[0].replicas) }, patience, 10*time.Millisecond)
	before := places(t, a, on.Topic.Name)
	require.NotEqual(t, before[0].replicas[0], before[0].leader)

	_, next := plan(t, "topic.move_leader", nil, on)
	require.NoError(t, d.Inject(t.Context(), next))
	require.NoError(t, d.Rollback(t.Context(), next))
	assert.Equal(t, before, places(t, a, on.Topic.Name))
}

func TestReplicasMoveAndComeBack(t *testing.T) {
	a, on := admin(t), fresh(t, 2)
	before := places(t, a, on.Topic.Name)
	d, r := plan(t, "topic.reassign", nil, on)
	require.NoError(t, d.Inject(t.Context(), r))
	for n, p := range places(t, a, on.Topic.Name) {
		assert.NotEqual(t, before[n].replicas, p.replicas)
		assert.Len(t, p.replicas, 2)
	}
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, before, places(t, a, on.Topic.Name))

	d, r = plan(t, "topic.reassign", map[string]string{"to": "3", "partition": "1"}, on)
	require.NoError(t, d.Inject(t.Context(), r))
	assert.Equal(t, place{3, []int32{3}}, places(t, a, on.Topic.Name)[1], "fewer replicas are possible, too")
	assert.Equal(t, before[0], places(t, a, on.Topic.Name)[0])
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, before, places(t, a, on.Topic.Name))
}

// TestReplicasThatWereToldToGoBackMidway would never arrive by themselves.
func TestReplicasThatWereToldToGoBackMidway(t *testing.T) {
	a, on := admin(t), fresh(t, 2)
	before := places(t, a, on.Topic.Name)
	d, r := plan(t, "topic.reassign", nil, on)
	home := before[0].replicas
	third := 6 - home[0] - home[1] // of the brokers 1, 2 and 3
	for _, replicas := range [][]int32{{home[0], third}, home} {
		var req kadm.AlterPartitionAssignmentsReq
		req.Assign(on.Topic.Name, 0, replicas)
		all, err := a.AlterPartitionAssignments(t.Context(), req)
		require.NoError(t, err)
		require.NoError(t, all.Error())
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	require.NoError(t, d.Rollback(ctx, r))
	assert.Equal(t, before, places(t, a, on.Topic.Name))
}

// TestReplicasThatSomebodyElseMovedStay: the fault is overtaken.
func TestReplicasThatSomebodyElseMovedStay(t *testing.T) {
	a, on := admin(t), fresh(t, 2)
	d, r := plan(t, "topic.reassign", nil, on)
	require.NoError(t, d.Inject(t.Context(), r))
	var theirs kadm.AlterPartitionAssignmentsReq
	theirs.Assign(on.Topic.Name, 0, []int32{2})
	_, err := a.AlterPartitionAssignments(t.Context(), theirs)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return slices.Equal(places(t, a, on.Topic.Name)[0].replicas, []int32{2}) }, patience, 10*time.Millisecond)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, place{2, []int32{2}}, places(t, a, on.Topic.Name)[0])
	got, err := d.Probe(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, faults.Absent, got)
}

func TestATopicThatWasDeletedMeanwhile(t *testing.T) {
	a, on := admin(t), fresh(t, 3)
	leaders, moved := plan(t, "topic.move_leader", nil, on)
	settings, set := plan(t, "topic.settings", map[string]string{"retention.ms": "100000"}, on)
	require.NoError(t, leaders.Inject(t.Context(), moved))
	require.NoError(t, settings.Inject(t.Context(), set))
	_, err := a.DeleteTopic(t.Context(), on.Topic.Name)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		all, err := a.ListTopics(t.Context(), on.Topic.Name)
		return err == nil && all[on.Topic.Name].Err != nil
	}, patience, 10*time.Millisecond)
	for d, r := range map[topic.Driver]faults.Receipt{leaders: moved, settings: set} {
		require.NoError(t, d.Rollback(t.Context(), r))
		got, err := d.Probe(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, faults.Absent, got)
	}
}
