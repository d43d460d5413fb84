package answer

import "github.com/twmb/franz-go/pkg/kmsg"

// visit gets a place, and what tells the error there.
type visit func(p Place, tell func())

// walk visits each place of a response for which code can be told. A code
// that brokers tell elsewhere than others changes the places.
func walk(resp kmsg.Response, code int16, visit visit) {
	switch r := resp.(type) {
	case *kmsg.ProduceResponse:
		produced(r, code, visit)
	case *kmsg.FetchResponse:
		fetched(r, code, visit)
	case *kmsg.ListOffsetsResponse:
		listed(r, code, visit)
	case *kmsg.MetadataResponse:
		described(r, code, visit)
	case *kmsg.DescribeTopicPartitionsResponse:
		partitionsDescribed(r, code, visit)
	case *kmsg.OffsetCommitResponse:
		for i := range r.Topics {
			t := &r.Topics[i]
			for j := range t.Partitions {
				p := &t.Partitions[j]
				visit(Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}, func() { p.ErrorCode = code })
			}
		}
	case *kmsg.OffsetFetchResponse:
		offsetsFetched(r, code, visit)
	case *kmsg.FindCoordinatorResponse:
		coordinatorsFound(r, code, visit)
	case *kmsg.AddPartitionsToTxnResponse:
		partitionsAdded(r, code, visit)
	case *kmsg.TxnOffsetCommitResponse:
		for i := range r.Topics {
			t := &r.Topics[i]
			for j := range t.Partitions {
				p := &t.Partitions[j]
				visit(Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}, func() { p.ErrorCode = code })
			}
		}
	default:
		whole(resp, code, visit)
	}
}

// whole is of responses with one code for all.
func whole(resp kmsg.Response, code int16, visit visit) {
	var tell func()
	switch r := resp.(type) {
	case *kmsg.InitProducerIDResponse:
		tell = func() { r.ErrorCode, r.ProducerID, r.ProducerEpoch = code, -1, -1 }
	case *kmsg.AddOffsetsToTxnResponse:
		tell = func() { r.ErrorCode = code }
	case *kmsg.EndTxnResponse:
		tell = func() { r.ErrorCode, r.ProducerID, r.ProducerEpoch = code, -1, -1 }
	case *kmsg.JoinGroupResponse:
		tell = func() {
			r.ErrorCode, r.Generation, r.LeaderID, r.Members = code, -1, "", nil
			r.ProtocolType, r.Protocol, r.SkipAssignment = nil, nil, false
		}
	case *kmsg.SyncGroupResponse:
		tell = func() { r.ErrorCode, r.ProtocolType, r.Protocol, r.MemberAssignment = code, nil, nil, nil }
	case *kmsg.HeartbeatResponse:
		tell = func() { r.ErrorCode = code }
	case *kmsg.LeaveGroupResponse:
		tell = func() { r.ErrorCode, r.Members = code, nil }
	case *kmsg.ConsumerGroupHeartbeatResponse:
		tell = func() {
			r.ErrorCode, r.ErrorMessage, r.MemberID, r.MemberEpoch = code, nil, nil, 0
			r.HeartbeatIntervalMillis, r.Assignment = 0, nil
		}
	default:
		return
	}
	visit(Whole(), tell)
}
