package answer

import "github.com/twmb/franz-go/pkg/kmsg"

// Merge adds to the broker's answer what Refuse, or Took, answered of the
// same request. It does nothing where they are not of one type.
func Merge(into, part kmsg.Response) {
	switch r := into.(type) {
	case *kmsg.ProduceResponse:
		if p, ok := part.(*kmsg.ProduceResponse); ok {
			r.Topics = joinProduce(r.Topics, p.Topics...)
		}
	case *kmsg.OffsetCommitResponse:
		if p, ok := part.(*kmsg.OffsetCommitResponse); ok {
			r.Topics = joinCommit(r.Topics, p.Topics...)
		}
	case *kmsg.TxnOffsetCommitResponse:
		if p, ok := part.(*kmsg.TxnOffsetCommitResponse); ok {
			r.Topics = joinTxnCommit(r.Topics, p.Topics...)
		}
	}
}

// join adds topics, each of which is listed once: clients may keep the last
// one that they read.
func join[T any](into, more []T, add func(at, from *T) bool) []T {
	for _, t := range more {
		if !addTo(into, &t, add) {
			into = append(into, t)
		}
	}
	return into
}

func addTo[T any](into []T, from *T, add func(at, from *T) bool) bool {
	for i := range into {
		if add(&into[i], from) {
			return true
		}
	}
	return false
}

func joinProduce(into []kmsg.ProduceResponseTopic, more ...kmsg.ProduceResponseTopic) []kmsg.ProduceResponseTopic {
	return join(into, more, func(at, from *kmsg.ProduceResponseTopic) bool {
		same := at.Topic == from.Topic && at.TopicID == from.TopicID
		if same {
			at.Partitions = append(at.Partitions, from.Partitions...)
		}
		return same
	})
}

func joinCommit(into []kmsg.OffsetCommitResponseTopic, more ...kmsg.OffsetCommitResponseTopic) []kmsg.OffsetCommitResponseTopic {
	return join(into, more, func(at, from *kmsg.OffsetCommitResponseTopic) bool {
		same := at.Topic == from.Topic && at.TopicID == from.TopicID
		if same {
			at.Partitions = append(at.Partitions, from.Partitions...)
		}
		return same
	})
}

func joinTxnCommit(into []kmsg.TxnOffsetCommitResponseTopic, more ...kmsg.TxnOffsetCommitResponseTopic) []kmsg.TxnOffsetCommitResponseTopic {
	return join(into, more, func(at, from *kmsg.TxnOffsetCommitResponseTopic) bool {
		same := at.Topic == from.Topic && at.TopicID == from.TopicID
		if same {
			at.Partitions = append(at.Partitions, from.Partitions...)
		}
		return same
	})
}

// Took answers partitions of a produce request as if the broker had appended
// them, and takes them out of it; all says that nothing is left. The base
// offset is -1, which brokers too tell for a batch whose offset they do not
// know (a duplicate that they saw before): no client takes it for an offset
// of the log. resp is nil where pick selects none.
func Took(req *kmsg.ProduceRequest, pick Pick) (resp *kmsg.ProduceResponse, all bool) {
	if !Selects(req, pick) {
		return nil, false
	}
	resp, _ = req.ResponseKind().(*kmsg.ProduceResponse)
	all = refuseProduce(req, resp, pick)
	SetError(resp, 0, All) // no error, and neither offset nor time
	return resp, all
}
