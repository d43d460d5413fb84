package answer_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/answer"
)

func leadersOf(resp kmsg.Response) map[string]int32 {
	out := map[string]int32{}
	switch r := resp.(type) {
	case *kmsg.MetadataResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				out[*t.Topic+string('0'+p.Partition)] = p.Leader
			}
		}
	case *kmsg.DescribeTopicPartitionsResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				out[*t.Topic+string('0'+p.Partition)] = p.LeaderID
			}
		}
	}
	return out
}

// moved is a later response, in which broker 2 leads all and broker 1 is gone.
func moved(t *testing.T, key, version int16) kmsg.Response {
	t.Helper()
	resp := response(t, key, version)
	switch r := resp.(type) {
	case *kmsg.MetadataResponse:
		r.Brokers = append(r.Brokers[:1:1], r.Brokers[2])
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				r.Topics[i].Partitions[j].Leader, r.Topics[i].Partitions[j].LeaderEpoch = 2, 6
			}
		}
	case *kmsg.DescribeTopicPartitionsResponse:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				r.Topics[i].Partitions[j].LeaderID, r.Topics[i].Partitions[j].LeaderEpoch = 2, 6
			}
		}
	}
	return resp
}

func TestFrozenLeadersStay(t *testing.T) {
	t.Parallel()
	each(t, []kmsg.Key{kmsg.Metadata, kmsg.DescribeTopicPartitions}, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		var f answer.Frozen
		if n := f.Freeze(response(t, key, version), redOne); n != 0 {
			t.Errorf("version %d: the first response is told otherwise at %d partitions", version, n)
		}
		resp := moved(t, key, version)
		if n := f.Freeze(resp, redOne); n != 1 {
			t.Errorf("version %d: %d partitions are told otherwise, want 1", version, n)
		}
		got := reread(t, resp)
		if l := leadersOf(got); l["red1"] != 1 || l["red0"] != 2 || l["blue0"] != 2 {
			t.Errorf("version %d: leaders %v, want 1 of red/1, which is frozen, and 2 of others", version, l)
		}
		if m, ok := got.(*kmsg.MetadataResponse); ok && len(m.Brokers) != 3 {
			t.Errorf("version %d: the leader that is told is not among the brokers: %v", version, m.Brokers)
		}
	})
}

func TestWrongLeadersAreBrokers(t *testing.T) {
	t.Parallel()
	each(t, []kmsg.Key{kmsg.Metadata, kmsg.DescribeTopicPartitions}, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		resp := response(t, key, version)
		if n := answer.WrongLeaders(resp, []int32{0, 1, 2}, redOne); n != 1 {
			t.Errorf("version %d: %d leaders are wrong, want 1", version, n)
		}
		if l := leadersOf(reread(t, resp)); l["red1"] != 2 || l["red0"] != 1 || l["blue0"] != 1 {
			t.Errorf("version %d: leaders %v, want 2 of red/1 and 1 of others", version, l)
		}
	})
	alone := response(t, kmsg.Metadata.Int16(), 12).(*kmsg.MetadataResponse)
	alone.Brokers = alone.Brokers[1:2]
	if n := answer.WrongLeaders(alone, nil, answer.All); n != 0 {
		t.Errorf("with a single broker %d leaders are another", n)
	}
}

func TestCoordinatorsMove(t *testing.T) {
	t.Parallel()
	each(t, []kmsg.Key{kmsg.FindCoordinator}, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		var b answer.Brokers
		resp := response(t, key, version).(*kmsg.FindCoordinatorResponse)
		if n := b.Move(resp, answer.All); n != 0 {
			t.Errorf("version %d: %d coordinators move to brokers that were never seen", version, n)
		}
		b.Learn(response(t, kmsg.Metadata.Int16(), 12))
		n := b.Move(resp, func(p answer.Place) bool { return p.Group != "others" })
		got := reread(t, resp).(*kmsg.FindCoordinatorResponse)
		if n != 1 {
			t.Errorf("version %d: %d coordinators moved, want 1", version, n)
		}
		if version < 4 {
			if got.NodeID != 2 || got.Host != "broker2" {
				t.Errorf("version %d: the coordinator is %d at %s, want 2", version, got.NodeID, got.Host)
			}
			return
		}
		if got.Coordinators[0].NodeID != 2 || got.Coordinators[0].Host != "broker2" || got.Coordinators[1].NodeID != 2 {
			t.Errorf("version %d: coordinators %v, want 2 for readers and 2, as before, for others", version, got.Coordinators)
		}
	})
}
