package answer

import "github.com/twmb/franz-go/pkg/kmsg"

// SetError lets a response tell of an error where pick selects, and says at
// how many places: 0 changed nothing. What goes with an error goes along:
// no offset, no records, no assignment.
func SetError(resp kmsg.Response, code int16, pick Pick) int {
	n := 0
	walk(resp, code, func(p Place, tell func()) {
		if pick(p) {
			tell()
			n++
		}
	})
	return n
}

// Refuse answers a request before the broker acted: an error where pick
// selects. all says that nothing of the request is left for the broker. Else,
// where resp is not nil, the rest of req is passed on, without what was
// refused, and Merge adds resp to the broker's answer. resp is nil where
// nothing is selected, and for requests that only read (see Acts): to tell the
// error after the broker answered is the same.
//
// A transaction takes all partitions or none, so one that is selected refuses
// the whole of AddPartitionsToTxn.
func Refuse(req kmsg.Request, code int16, pick Pick) (resp kmsg.Response, all bool) {
	if !Acts(req.Key()) || !Selects(req, pick) {
		return nil, false
	}
	resp = req.ResponseKind()
	switch r := req.(type) {
	case *kmsg.ProduceRequest:
		all = refuseProduce(r, resp.(*kmsg.ProduceResponse), pick)
	case *kmsg.OffsetCommitRequest:
		all = refuseCommit(r, resp.(*kmsg.OffsetCommitResponse), pick)
	case *kmsg.TxnOffsetCommitRequest:
		all = refuseTxnCommit(r, resp.(*kmsg.TxnOffsetCommitResponse), pick)
	case *kmsg.AddPartitionsToTxnRequest:
		listPartitions(r, resp.(*kmsg.AddPartitionsToTxnResponse))
		SetError(resp, code, pick)
		return resp, true
	case *kmsg.JoinGroupRequest:
		resp.(*kmsg.JoinGroupResponse).MemberID = r.MemberID
		all = true
	default:
		all = true
	}
	SetError(resp, code, All)
	return resp, all
}

// listPartitions lists in the response what the request asks for.
func listPartitions(req *kmsg.AddPartitionsToTxnRequest, resp *kmsg.AddPartitionsToTxnResponse) {
	for _, t := range req.Topics {
		topic := kmsg.NewAddPartitionsToTxnResponseTopic()
		topic.Topic = t.Topic
		for _, p := range t.Partitions {
			partition := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
			partition.Partition = p
			topic.Partitions = append(topic.Partitions, partition)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	for _, txn := range req.Transactions {
		one := kmsg.NewAddPartitionsToTxnResponseTransaction()
		one.TransactionalID = txn.TransactionalID
		for _, t := range txn.Topics {
			topic := kmsg.NewAddPartitionsToTxnResponseTransactionTopic()
			topic.Topic = t.Topic
			for _, p := range t.Partitions {
				partition := kmsg.NewAddPartitionsToTxnResponseTransactionTopicPartition()
				partition.Partition = p
				topic.Partitions = append(topic.Partitions, partition)
			}
			one.Topics = append(one.Topics, topic)
		}
		resp.Transactions = append(resp.Transactions, one)
	}
}
