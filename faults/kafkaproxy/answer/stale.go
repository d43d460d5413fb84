package answer

import (
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Frozen keeps the leaders that it saw first. The zero value has seen none.
// It is safe for concurrent use.
type Frozen struct {
	mu      sync.Mutex
	leaders map[partition]leader
	brokers map[int32]kmsg.MetadataResponseBroker
}

type partition struct {
	topic     string
	id        [16]byte // a topic that was made anew is another one
	partition int32
}

type leader struct{ id, epoch int32 }

// Freeze lets a response (Metadata, DescribeTopicPartitions) tell the leaders
// and epochs that the first one told of the partitions that pick selects. A
// leader that is gone from the list of brokers is added to it again, as a
// broker that knows no better would tell. It says how many partitions were
// told otherwise than the broker did.
func (f *Frozen) Freeze(resp kmsg.Response, pick Pick) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.leaders == nil {
		f.leaders, f.brokers = map[partition]leader{}, map[int32]kmsg.MetadataResponseBroker{}
	}
	listed, ofBrokers := resp.(*kmsg.MetadataResponse)
	if ofBrokers {
		for _, b := range listed.Brokers {
			if _, ok := f.brokers[b.NodeID]; !ok {
				f.brokers[b.NodeID] = b
			}
		}
	}
	n := 0
	leaders(resp, pick, func(p Place, id, epoch *int32) {
		key := partition{p.Topic, p.ID, p.Partition}
		was, ok := f.leaders[key]
		if !ok {
			f.leaders[key] = leader{*id, *epoch}
			return
		}
		if was == (leader{*id, *epoch}) {
			return
		}
		*id, *epoch = was.id, was.epoch
		n++
		if ofBrokers {
			f.list(listed, was.id)
		}
	})
	return n
}

func (f *Frozen) list(r *kmsg.MetadataResponse, node int32) {
	b, ok := f.brokers[node]
	if ok && !slices.ContainsFunc(r.Brokers, func(b kmsg.MetadataResponseBroker) bool { return b.NodeID == node }) {
		r.Brokers = append(r.Brokers, b)
	}
}

// WrongLeaders lets a response (Metadata, DescribeTopicPartitions) tell
// another of the brokers, which are alive, to be the leader of what pick
// selects: the one that comes after the true one. The epoch stays: a client
// takes it for news, not for the past. It says how many were told wrongly;
// with a single broker none can be.
func WrongLeaders(resp kmsg.Response, brokers []int32, pick Pick) int {
	if m, ok := resp.(*kmsg.MetadataResponse); ok {
		brokers = nil
		for _, b := range m.Brokers {
			brokers = append(brokers, b.NodeID)
		}
	}
	n := 0
	leaders(resp, pick, func(_ Place, id, _ *int32) {
		if *id < 0 {
			return // it has none
		}
		if other, ok := another(brokers, *id); ok {
			*id = other
			n++
		}
	})
	return n
}

// another is the id after one in a ring of brokers.
func another(brokers []int32, than int32) (int32, bool) {
	ring := slices.Compact(slices.Sorted(slices.Values(brokers)))
	ring = slices.DeleteFunc(ring, func(id int32) bool { return id == than })
	if len(ring) == 0 {
		return 0, false
	}
	for _, id := range ring {
		if id > than {
			return id, true
		}
	}
	return ring[0], true
}

func leaders(resp kmsg.Response, pick Pick, visit func(p Place, id, epoch *int32)) {
	switch r := resp.(type) {
	case *kmsg.MetadataResponse:
		for i := range r.Topics {
			t := &r.Topics[i]
			for j := range t.Partitions {
				at := &t.Partitions[j]
				if p := placeOf(t.Topic, t.TopicID, at.Partition); pick(p) {
					visit(p, &at.Leader, &at.LeaderEpoch)
				}
			}
		}
	case *kmsg.DescribeTopicPartitionsResponse:
		for i := range r.Topics {
			t := &r.Topics[i]
			for j := range t.Partitions {
				at := &t.Partitions[j]
				if p := placeOf(t.Topic, t.TopicID, at.Partition); pick(p) {
					visit(p, &at.LeaderID, &at.LeaderEpoch)
				}
			}
		}
	}
}
