package answer

import "github.com/twmb/franz-go/pkg/kmsg"

// The codes that brokers tell elsewhere than most.
const (
	leaderNotAvailable             = 5   // of metadata: at a partition
	replicaNotAvailable            = 9   // as above
	listenerNotFound               = 72  // as above
	fetchSessionNotFound           = 70  // of fetch: for the response as a whole
	invalidFetchSessionEpoch       = 71  // as above
	fetchSessionTopicID            = 106 // as above
	rebootstrapRequired            = 129 // of metadata: for the response as a whole
	rebootstrapSince         int16 = 13
	operationNotAttempted          = 55 // of the other partitions of a transaction
)

func produced(r *kmsg.ProduceResponse, code int16, visit visit) {
	for i := range r.Topics {
		t := &r.Topics[i]
		for j := range t.Partitions {
			p := &t.Partitions[j]
			visit(Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}, func() {
				p.ErrorCode, p.BaseOffset, p.LogAppendTime, p.LogStartOffset = code, -1, -1, -1
				p.ErrorRecords, p.ErrorMessage = nil, nil
			})
		}
	}
}

// fetched keeps marks and offsets of the log: a client and the broker's fetch
// session go on from where they were, and the records come with a later
// fetch. A partition that the response of an incremental session leaves out
// is no place: nothing is told of it.
func fetched(r *kmsg.FetchResponse, code int16, visit visit) {
	session := code == fetchSessionNotFound || code == invalidFetchSessionEpoch || code == fetchSessionTopicID
	for i := range r.Topics {
		t := &r.Topics[i]
		for j := range t.Partitions {
			p := &t.Partitions[j]
			tell := func() {
				p.ErrorCode, p.RecordBatches, p.AbortedTransactions, p.PreferredReadReplica = code, []byte{}, nil, -1
			}
			if session {
				// the topics stay in r.Topics until the walk is over
				tell = func() { r.ErrorCode, r.SessionID = code, 0 }
			}
			visit(Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}, tell)
		}
	}
	if session && r.ErrorCode == code {
		r.Topics = nil
	}
}

func listed(r *kmsg.ListOffsetsResponse, code int16, visit visit) {
	for i := range r.Topics {
		t := &r.Topics[i]
		for j := range t.Partitions {
			p := &t.Partitions[j]
			visit(Place{Topic: t.Topic, Partition: p.Partition}, func() {
				p.ErrorCode, p.OldStyleOffsets, p.Timestamp, p.Offset, p.LeaderEpoch = code, nil, -1, -1, -1
			})
		}
	}
}

// described tells codes of a partition (no leader) there, and others for the
// topic, which then has no partitions.
func described(r *kmsg.MetadataResponse, code int16, visit visit) {
	if code == rebootstrapRequired && r.Version >= rebootstrapSince {
		visit(Whole(), func() { r.ErrorCode = code })
		return
	}
	for i := range r.Topics {
		t := &r.Topics[i]
		if !ofPartition(code) {
			visit(placeOf(t.Topic, t.TopicID, -1), func() { t.ErrorCode, t.Partitions = code, nil })
			continue
		}
		for j := range t.Partitions {
			p := &t.Partitions[j]
			visit(placeOf(t.Topic, t.TopicID, p.Partition), func() {
				p.ErrorCode, p.Leader, p.LeaderEpoch = code, leaderless(code, p.Leader), -1
			})
		}
	}
}

func partitionsDescribed(r *kmsg.DescribeTopicPartitionsResponse, code int16, visit visit) {
	for i := range r.Topics {
		t := &r.Topics[i]
		if !ofPartition(code) {
			visit(placeOf(t.Topic, t.TopicID, -1), func() { t.ErrorCode, t.Partitions = code, nil })
			continue
		}
		for j := range t.Partitions {
			p := &t.Partitions[j]
			visit(placeOf(t.Topic, t.TopicID, p.Partition), func() {
				p.ErrorCode, p.LeaderID, p.LeaderEpoch = code, leaderless(code, p.LeaderID), -1
			})
		}
	}
}

func ofPartition(code int16) bool {
	return code == leaderNotAvailable || code == replicaNotAvailable || code == listenerNotFound
}

// leaderless: a missing replica leaves the leader as it is.
func leaderless(code int16, leader int32) int32 {
	if code == replicaNotAvailable {
		return leader
	}
	return -1
}
