package force_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

var onPartition0 = rule.Where{Topics: []string{"tra*"}, Partitions: []int32{0}} //nolint:gochecknoglobals // a constant of these tests

func TestErrorBeforeTheBrokerActed(t *testing.T) {
	t.Parallel()
	h := newHarness(t, protocol(rule.Protocol{Do: rule.Error, Code: 19, Before: true}, onPartition0))
	raw := bytesOf(t, batch(0, "a"))
	req := produceRequest(-1, map[int32][]byte{0: raw, 1: raw})
	x := h.exchange(req)
	need, act := h.ask(x)
	assert.Equal(t, relay.NeedRequest|relay.NeedResponse, need)
	assert.Equal(t, relay.Send, act.Do)
	assert.Nil(t, recordsOf(req, 0))
	resp := produced(req, 3)
	assert.Equal(t, relay.Send, h.reply(x, resp).Do)
	assert.Equal(t, []int16{0, 19}, []int16{resp.Topics[0].Partitions[0].ErrorCode, resp.Topics[0].Partitions[1].ErrorCode})

	x = h.exchange(produceRequest(-1, map[int32][]byte{0: raw}))
	_, act = h.ask(x)
	assert.Equal(t, relay.Answer, act.Do)
	assert.Equal(t, int16(19), x.Response.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)

	_, act = h.ask(h.exchange(produceRequest(0, map[int32][]byte{0: raw})))
	assert.Equal(t, relay.Close, act.Do, "nobody waits for an answer")
	_, act = h.ask(h.exchange(produceRequest(-1, map[int32][]byte{1: raw})))
	assert.Equal(t, relay.Action{}, act, "of another partition")
	assert.EqualValues(t, 3, h.Status()["r0"].Met)
}

func TestErrorAfterTheBrokerActed(t *testing.T) {
	t.Parallel()
	h := newHarness(t, protocol(rule.Protocol{Do: rule.Error, Code: 7}, onPartition0))
	req := produceRequest(-1, map[int32][]byte{0: bytesOf(t, batch(0, "a")), 1: nil})
	x := h.exchange(req)
	_, act := h.ask(x)
	assert.Equal(t, relay.Action{}, act)
	resp := produced(req, 3)
	assert.Equal(t, relay.Send, h.reply(x, resp).Do)
	assert.Equal(t, []int16{7, 0}, []int16{resp.Topics[0].Partitions[0].ErrorCode, resp.Topics[0].Partitions[1].ErrorCode})
}

func TestReadsFailAfterAlsoWhereBeforeIsAsked(t *testing.T) {
	t.Parallel()
	h := newHarness(t, protocol(rule.Protocol{Do: rule.Error, Code: 6, Before: true}, onPartition0))
	x := h.exchange(fetchRequest(50, time.Second))
	_, act := h.ask(x)
	assert.Equal(t, relay.Action{}, act)
	other := bytesOf(t, batch(50, "x"))
	resp := fetched(map[int32][]byte{0: bytesOf(t, batch(50, "a")), 1: other})
	assert.Equal(t, relay.Send, h.reply(x, resp).Do)
	assert.Equal(t, int16(6), resp.Topics[0].Partitions[0].ErrorCode)
	assert.Empty(t, received(resp, 0))
	assert.Equal(t, other, received(resp, 1))
}

func TestLostAcknowledgements(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p    rule.Protocol
		want relay.Do
	}{
		"disconnect": {rule.Protocol{Do: rule.LostAck, How: rule.ByDisconnect}, relay.Close},
		"silence":    {rule.Protocol{Do: rule.LostAck, How: rule.BySilence}, relay.Retain},
		"code":       {rule.Protocol{Do: rule.LostAck, How: rule.ByCode, Code: 7}, relay.Send},
		"cut":        {rule.Protocol{Do: rule.Disconnect, At: 0.25}, relay.Cut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, corrupt(rule.Request), protocol(c.p, onPartition0))
			req := produceRequest(-1, map[int32][]byte{0: bytesOf(t, batch(0, "a"))})
			x := h.exchange(req)
			h.ask(x)
			act := h.reply(x, produced(req, 3))
			assert.Equal(t, c.want, act.Do)
			if c.want == relay.Cut {
				assert.InDelta(t, 0.25, act.Part, 0)
			}
			assert.Equal(t, []string{"wrong_type trades/0@3"}, h.journal.told(), "the broker told where it stands, if not the client")

			fetch := h.exchange(fetchRequest(0, time.Second))
			if need, _ := h.ask(fetch); c.p.Do == rule.LostAck && need != 0 {
				t.Errorf("a fetch acknowledges nothing, and its body is asked for: %b", need)
			}
		})
	}
}

func TestWhatDoesNotArriveIsNotTouched(t *testing.T) {
	t.Parallel()
	h := newHarness(t, corrupt(rule.Response), protocol(rule.Protocol{Do: rule.Disconnect, At: 0.5}, rule.Where{}))
	x := h.exchange(fetchRequest(50, time.Second))
	h.ask(x)
	assert.Equal(t, relay.Cut, h.reply(x, fetched(map[int32][]byte{0: bytesOf(t, batch(50, "a"))})).Do)
	assert.Empty(t, h.journal.told())
}

func metadata(leader int32) *kmsg.MetadataResponse {
	resp := kmsg.NewPtrMetadataResponse()
	resp.Version = 12
	for id := range int32(3) {
		resp.Brokers = append(resp.Brokers, kmsg.MetadataResponseBroker{NodeID: id, Host: "h", Port: 9000 + id})
	}
	t := kmsg.NewMetadataResponseTopic()
	t.Topic = new("trades")
	p := kmsg.NewMetadataResponseTopicPartition()
	p.Leader, p.LeaderEpoch = leader, leader
	t.Partitions = append(t.Partitions, p)
	resp.Topics = append(resp.Topics, t)
	return resp
}

func (h *harness) metadata(leader int32) int32 {
	h.Helper()
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 12
	x := h.exchange(req)
	h.ask(x)
	resp := metadata(leader)
	h.reply(x, resp)
	return resp.Topics[0].Partitions[0].Leader
}

func TestFrozenMetadataStaysFrozenWhileOtherRulesChange(t *testing.T) {
	t.Parallel()
	frozen := protocol(rule.Protocol{Do: rule.StaleMetadata, Stale: rule.Frozen}, rule.Where{})
	frozen.ID = "frozen"
	h := newHarness(t, frozen)
	assert.Equal(t, int32(1), h.metadata(1))
	h.set(frozen, protocol(rule.Protocol{Do: rule.Throttle, Time: time.Second}, rule.Where{APIs: []int16{0}}))
	assert.Equal(t, int32(1), h.metadata(2), "as it was first told")
	h.set()
	assert.Equal(t, int32(2), h.metadata(2))
	h.set(frozen)
	assert.Equal(t, int32(2), h.metadata(2))
	assert.Equal(t, int32(2), h.metadata(0), "set anew it freezes anew")
}

func TestWrongLeader(t *testing.T) {
	t.Parallel()
	h := newHarness(t, protocol(rule.Protocol{Do: rule.StaleMetadata, Stale: rule.WrongLeader}, rule.Where{}))
	assert.Equal(t, int32(2), h.metadata(1))
}

func TestCoordinatorOfOneGroupMoves(t *testing.T) {
	t.Parallel()
	h := newHarness(t, protocol(rule.Protocol{Do: rule.MoveCoordinator}, rule.Where{Groups: []string{"sink*"}}))
	h.metadata(1)
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.Version, req.CoordinatorKeys = 4, []string{"sink-1", "other"}
	x := h.exchange(req)
	h.ask(x)
	resp := kmsg.NewPtrFindCoordinatorResponse()
	resp.Version = 4
	for _, g := range req.CoordinatorKeys {
		resp.Coordinators = append(resp.Coordinators, kmsg.FindCoordinatorResponseCoordinator{Key: g, NodeID: 0, Host: "h", Port: 9000})
	}
	assert.Equal(t, relay.Send, h.reply(x, resp).Do)
	assert.Equal(t, []int32{1, 0}, []int32{resp.Coordinators[0].NodeID, resp.Coordinators[1].NodeID})
	assert.Equal(t, int32(9001), resp.Coordinators[0].Port)
}

func TestThrottleOfAVersionThatCannotTellIt(t *testing.T) {
	t.Parallel()
	h := newHarness(t, protocol(rule.Protocol{Do: rule.Throttle, Time: time.Second}, rule.Where{}))
	req := kmsg.NewPtrHeartbeatRequest()
	x := h.exchange(req)
	h.ask(x)
	assert.Equal(t, relay.Action{}, h.reply(x, req.ResponseKind()))
	assert.Equal(t, uint64(1), h.Status()["r0"].Skipped)
}

func TestGroupsAreLearnt(t *testing.T) {
	t.Parallel()
	r := corrupt(rule.Response)
	r.Where.Groups = []string{"sink"}
	h := newHarness(t, r)
	fetch := func() []string {
		x := h.exchange(fetchRequest(50, time.Second))
		resp := fetched(map[int32][]byte{0: bytesOf(t, batch(50, "a"))})
		if need, _ := h.ask(x); need&relay.NeedResponse != 0 {
			h.reply(x, resp)
		}
		return values(t, received(resp, 0))
	}
	assert.Equal(t, []string{"a"}, fetch(), "of no group yet")
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group = "sink"
	x := h.exchange(join)
	x.Link.Client = "10.0.0.1:50000" // over another connection
	h.ask(x)
	assert.Equal(t, []string{"a!"}, fetch())
	join = kmsg.NewPtrJoinGroupRequest()
	join.Group = "other"
	h.ask(h.exchange(join))
	assert.Equal(t, []string{"a"}, fetch())
}

func TestErrorsOfAGroupAreOfThatGroup(t *testing.T) {
	t.Parallel()
	h := newHarness(t, protocol(rule.Protocol{Do: rule.Error, Code: 27, Before: true}, rule.Where{Groups: []string{"sink"}}))
	for group, want := range map[string]relay.Do{"sink": relay.Answer, "other": relay.Pass} {
		req := kmsg.NewPtrHeartbeatRequest()
		req.Version, req.Group = 4, group
		_, act := h.ask(h.exchange(req))
		assert.Equal(t, want, act.Do, group)
	}
}

func TestIdempotentClientsAreLearnt(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, id := range []string{"writer-1", "writer-2", "sink"} {
		need := h.Needs(relay.Link{}, frame.Header{Key: kmsg.InitProducerID.Int16(), ClientID: id})
		assert.Zero(t, need, "its header tells enough")
	}
	assert.Equal(t, []string{"writer-1", "writer-2"}, h.Idempotent(rule.Where{Clients: []string{"writer-*"}, Topics: []string{"trades"}}))
	assert.Len(t, h.Idempotent(rule.Where{}), 3)
}

func TestWithoutRulesNothingIsRead(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for key := range int16(kmsg.MaxKey + 1) {
		var want relay.Need
		switch kmsg.Key(key) { //nolint:exhaustive // all others are read by nobody
		case kmsg.JoinGroup, kmsg.ConsumerGroupHeartbeat, kmsg.OffsetCommit:
			want = relay.NeedRequest
		case kmsg.Metadata, kmsg.DescribeCluster:
			want = relay.NeedResponse
		}
		assert.Equal(t, want, h.Needs(relay.Link{}, frame.Header{Key: key}), kmsg.NameForKey(key))
	}
}

func BenchmarkNeedsWithoutRules(b *testing.B) {
	t := &testing.T{}
	h := newHarness(t)
	header, link := frame.Header{Key: 0, ClientID: "app"}, relay.Link{Client: "10.0.0.1:4000"}
	for b.Loop() {
		h.Needs(link, header)
	}
}
