package topic_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/topic"
	"github.com/k2-platform/faultline/spec"
)

// board is a cluster of three brokers with a topic of one partition, whose
// replicas move as Kafka 4.3.1 moves them. Brokers tell of them what was so a
// while ago; the controller tells at once what is on its way.
type board struct {
	world
	driver  topic.Driver
	receipt faults.Receipt
	lag     time.Duration

	mu       sync.Mutex
	history  []move
	adding   []int32
	removing []int32
	arrives  time.Time // zero: never
	taken    time.Duration
	asked    map[int32]bool // which brokers were asked what is on its way
}

// move is where the replicas are from a time on.
type move struct {
	at       time.Time
	replicas []int32
}

func newBoard(t *testing.T, lag, taken time.Duration) *board {
	t.Helper()
	w := worldOf(t, 3, 1)
	b := &board{
		world:  w,
		driver: topic.Driver{Kind: "topic.reassign"}, lag: lag, taken: taken, asked: map[int32]bool{}, history: []move{{replicas: []int32{0, 1}}},
	}
	ask := kmsg.NewPtrMetadataRequest()
	ask.Topics = []kmsg.MetadataRequestTopic{{Topic: new(orders)}}
	usual, err := ask.RequestWith(t.Context(), w.client)
	require.NoError(t, err)
	w.cluster.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		return b.metadata(req.(*kmsg.MetadataRequest), usual)
	})
	w.cluster.ControlKey(int16(kmsg.AlterPartitionAssignments), func(req kmsg.Request) (kmsg.Response, error, bool) {
		return b.assign(req.(*kmsg.AlterPartitionAssignmentsRequest))
	})
	w.cluster.ControlKey(int16(kmsg.ListPartitionReassignments), func(req kmsg.Request) (kmsg.Response, error, bool) {
		return b.list(req.(*kmsg.ListPartitionReassignmentsRequest))
	})
	w.cluster.ControlKey(int16(kmsg.ElectLeaders), b.elect)
	b.receipt = b.plan(b.driver, spec.Fault{Kind: b.driver.Kind}, w.topic)
	return b
}

// now has what is on its way arrive in its time, as Kafka does: never, where
// it adds a replica that it removes.
func (b *board) now() []int32 {
	last := b.history[len(b.history)-1].replicas
	if b.arrives.IsZero() || time.Now().Before(b.arrives) {
		return last
	}
	last = without(last, b.removing)
	b.history = append(b.history, move{b.arrives, last})
	b.adding, b.removing, b.arrives = nil, nil, time.Time{}
	return last
}

func without(all, some []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(all), func(n int32) bool { return slices.Contains(some, n) })
}

func (b *board) metadata(req *kmsg.MetadataRequest, usual *kmsg.MetadataResponse) (kmsg.Response, error, bool) { //nolint:revive // kfake's order
	if len(req.Topics) == 0 {
		return nil, nil, false
	}
	b.cluster.KeepControl()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now()
	seen := b.history[0].replicas
	for _, m := range b.history {
		if !m.at.After(time.Now().Add(-b.lag)) {
			seen = m.replicas
		}
	}
	resp := req.ResponseKind().(*kmsg.MetadataResponse)
	resp.Brokers, resp.ClusterID, resp.ControllerID = usual.Brokers, usual.ClusterID, usual.ControllerID
	resp.Topics = []kmsg.MetadataResponseTopic{{
		Topic: new(orders), TopicID: usual.Topics[0].TopicID,
		Partitions: []kmsg.MetadataResponseTopicPartition{{Leader: seen[0], Replicas: seen, ISR: seen}},
	}}
	return resp, nil, true
}

func (b *board) list(req *kmsg.ListPartitionReassignmentsRequest) (kmsg.Response, error, bool) { //nolint:revive // kfake's order
	b.cluster.KeepControl()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked[b.cluster.CurrentNode()] = true
	resp := req.ResponseKind().(*kmsg.ListPartitionReassignmentsResponse)
	now := b.now()
	if len(b.adding)+len(b.removing) > 0 {
		resp.Topics = []kmsg.ListPartitionReassignmentsResponseTopic{{Topic: orders, Partitions: []kmsg.ListPartitionReassignmentsResponseTopicPartition{
			{Replicas: now, AddingReplicas: b.adding, RemovingReplicas: b.removing},
		}}}
	}
	return resp, nil, true
}

func (b *board) assign(req *kmsg.AlterPartitionAssignmentsRequest) (kmsg.Response, error, bool) { //nolint:revive // kfake's order
	b.cluster.KeepControl()
	b.mu.Lock()
	defer b.mu.Unlock()
	resp := req.ResponseKind().(*kmsg.AlterPartitionAssignmentsResponse)
	part := kmsg.AlterPartitionAssignmentsResponseTopicPartition{}
	now, to := b.now(), req.Topics[0].Partitions[0].Replicas
	switch adding, removing := without(to, now), without(now, to); {
	case to == nil && len(b.adding)+len(b.removing) == 0:
		part.ErrorCode = kerr.NoReassignmentInProgress.Code
	case to == nil:
		b.history = append(b.history, move{time.Now(), without(now, b.adding)})
		b.adding, b.removing, b.arrives = nil, nil, time.Time{}
	default:
		b.history = append(b.history, move{time.Now(), append(slices.Clone(to), removing...)})
		stuck := len(b.adding) > 0 // what was to be added still is, unless something else is
		if len(adding) > 0 {
			b.adding, stuck = adding, false
		}
		b.removing, b.arrives = removing, time.Now().Add(b.taken)
		if stuck {
			b.arrives = time.Time{}
		}
	}
	resp.Topics = []kmsg.AlterPartitionAssignmentsResponseTopic{{Topic: orders, Partitions: []kmsg.AlterPartitionAssignmentsResponseTopicPartition{part}}}
	return resp, nil, true
}

// elect has nothing to do: the first replica leads.
func (b *board) elect(req kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // kfake's order
	b.cluster.KeepControl()
	return req.ResponseKind(), nil, true
}

// injectAndDie is what an injection leaves that asked the controller, and ended.
func (b *board) injectAndDie() {
	b.Helper()
	var req kadm.AlterPartitionAssignmentsReq
	req.Assign(orders, 0, []int32{0, 2})
	_, err := b.admin.AlterPartitionAssignments(b.Context(), req)
	require.NoError(b, err)
}

func (b *board) isAsItWas() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	assert.Equal(b, []int32{0, 1}, b.now())
	assert.Empty(b, b.adding, "nothing is on its way")
	assert.Empty(b, b.removing)
}

// TestReplicasOnTheirWayAreCalledBack: told to go back midway they would never
// arrive.
func TestReplicasOnTheirWayAreCalledBack(t *testing.T) {
	b := newBoard(t, 0, time.Hour)
	b.injectAndDie()
	require.NoError(t, b.driver.Rollback(deadline(t), b.receipt))
	b.isAsItWas()
}

// TestEveryBrokerIsAsked, even for what the controller knows: the client would
// ask the controller alone, and Kafka from 4.4 on refuses one that names it elsewhere.
func TestEveryBrokerIsAsked(t *testing.T) {
	b := newBoard(t, 0, 0)
	clear(b.asked)
	b.is(b.driver, b.receipt, faults.Absent)
	assert.Equal(t, map[int32]bool{0: true, 1: true, 2: true}, b.asked)
}

// TestReplicasThatNeverArriveAreCalledBack: somebody told them to go back midway.
func TestReplicasThatNeverArriveAreCalledBack(t *testing.T) {
	b := newBoard(t, 0, time.Hour)
	b.injectAndDie()
	var req kadm.AlterPartitionAssignmentsReq
	req.Assign(orders, 0, []int32{0, 1})
	_, err := b.admin.AlterPartitionAssignments(t.Context(), req)
	require.NoError(t, err)
	b.is(b.driver, b.receipt, faults.Present)
	require.NoError(t, b.driver.Rollback(deadline(t), b.receipt))
	b.isAsItWas()
}

// TestReplicasThatNobodyHasSeenMove are sent back all the same: brokers say that
// they are where they were, and nothing is on its way.
func TestReplicasThatNobodyHasSeenMove(t *testing.T) {
	b := newBoard(t, 3*time.Second, 0)
	b.injectAndDie()
	require.NoError(t, b.driver.Rollback(deadline(t), b.receipt))
	b.isAsItWas()
}

// TestABrokerThatTellsOfAWayThatHasEnded has yet to hear where it ended: here
// where the fault wants it.
func TestABrokerThatTellsOfAWayThatHasEnded(t *testing.T) {
	b := newBoard(t, 500*time.Millisecond, 100*time.Millisecond)
	b.injectAndDie()
	require.Eventually(t, func() bool {
		all, err := b.admin.ListTopics(t.Context(), orders)
		return err == nil && slices.Equal(all[orders].Partitions[0].Replicas, []int32{0, 2, 1})
	}, 10*time.Second, 20*time.Millisecond)
	b.is(b.driver, b.receipt, faults.Present)
	require.NoError(t, b.driver.Rollback(deadline(t), b.receipt))
	b.isAsItWas()
}
