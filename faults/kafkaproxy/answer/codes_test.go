package answer_test

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// codes are the error codes of a response, by where a client reads them:
// topic/partition, topic, a group, or "" for the response as a whole. They are
// read here without the package under test.
func codes(resp kmsg.Response) map[string]int16 {
	out := map[string]int16{}
	at := func(name string, id [16]byte, partition int32, code int16) {
		out[fmt.Sprintf("%s/%d", called(name, id), partition)] = code
	}
	switch r := resp.(type) {
	case *kmsg.ProduceResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				at(t.Topic, t.TopicID, p.Partition, p.ErrorCode)
			}
		}
	case *kmsg.FetchResponse:
		if r.ErrorCode != 0 {
			out[""] = r.ErrorCode
		}
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				at(t.Topic, t.TopicID, p.Partition, p.ErrorCode)
			}
		}
	case *kmsg.ListOffsetsResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				at(t.Topic, [16]byte{}, p.Partition, p.ErrorCode)
			}
		}
	case *kmsg.OffsetCommitResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				at(t.Topic, t.TopicID, p.Partition, p.ErrorCode)
			}
		}
	case *kmsg.TxnOffsetCommitResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				at(t.Topic, t.TopicID, p.Partition, p.ErrorCode)
			}
		}
	case *kmsg.AddPartitionsToTxnResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				at(t.Topic, [16]byte{}, p.Partition, p.ErrorCode)
			}
		}
		for _, tx := range r.Transactions {
			for _, t := range tx.Topics {
				for _, p := range t.Partitions {
					at(t.Topic, [16]byte{}, p.Partition, p.ErrorCode)
				}
			}
		}
	default:
		more(resp, out, at)
	}
	return out
}

func more(resp kmsg.Response, out map[string]int16, at func(string, [16]byte, int32, int16)) {
	switch r := resp.(type) {
	case *kmsg.MetadataResponse:
		for _, t := range r.Topics {
			out[called(*t.Topic, t.TopicID)] = t.ErrorCode
			for _, p := range t.Partitions {
				at(*t.Topic, t.TopicID, p.Partition, p.ErrorCode)
			}
		}
	case *kmsg.DescribeTopicPartitionsResponse:
		for _, t := range r.Topics {
			out[called(*t.Topic, t.TopicID)] = t.ErrorCode
			for _, p := range t.Partitions {
				at(*t.Topic, t.TopicID, p.Partition, p.ErrorCode)
			}
		}
	case *kmsg.OffsetFetchResponse:
		out[""] = r.ErrorCode
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				at(t.Topic, [16]byte{}, p.Partition, p.ErrorCode)
			}
		}
		for _, g := range r.Groups {
			out[g.Group] = g.ErrorCode
			for _, t := range g.Topics {
				for _, p := range t.Partitions {
					at(t.Topic, t.TopicID, p.Partition, p.ErrorCode)
				}
			}
		}
	case *kmsg.FindCoordinatorResponse:
		if r.Version < 4 {
			out[""] = r.ErrorCode
		}
		for _, c := range r.Coordinators {
			out[c.Key] = c.ErrorCode
		}
	case *kmsg.InitProducerIDResponse:
		out[""] = r.ErrorCode
	case *kmsg.AddOffsetsToTxnResponse:
		out[""] = r.ErrorCode
	case *kmsg.EndTxnResponse:
		out[""] = r.ErrorCode
	case *kmsg.JoinGroupResponse:
		out[""] = r.ErrorCode
	case *kmsg.SyncGroupResponse:
		out[""] = r.ErrorCode
	case *kmsg.HeartbeatResponse:
		out[""] = r.ErrorCode
	case *kmsg.LeaveGroupResponse:
		out[""] = r.ErrorCode
	case *kmsg.ConsumerGroupHeartbeatResponse:
		out[""] = r.ErrorCode
	}
}

func called(name string, id [16]byte) string {
	for known, of := range ids {
		if id == of {
			return known
		}
	}
	return name
}
