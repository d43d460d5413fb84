package answer

import "github.com/twmb/franz-go/pkg/kmsg"

// Merge adds to the broker's answer what Refuse, or Took, answered of the
// same request. It does nothing where they are not of one type.
func Merge(into, part kmsg.Response) {
	switch r := into.(type) {
	case *kmsg.ProduceResponse:
		if p, ok := part.(*kmsg.ProduceResponse); ok {
			mergeProduce(r, p)
		}
	case *kmsg.OffsetCommitResponse:
		if p, ok := part.(*kmsg.OffsetCommitResponse); ok {
			mergeCommit(r, p)
		}
	case *kmsg.TxnOffsetCommitResponse:
		if p, ok := part.(*kmsg.TxnOffsetCommitResponse); ok {
			mergeTxnCommit(r, p)
		}
	}
}

// A topic is listed once: clients may keep the last one that they read.
func mergeProduce(into, part *kmsg.ProduceResponse) {
	for _, t := range part.Topics {
		found := false
		for i := range into.Topics {
			if at := &into.Topics[i]; at.Topic == t.Topic && at.TopicID == t.TopicID {
				at.Partitions = append(at.Partitions, t.Partitions...)
				found = true
			}
		}
		if !found {
			into.Topics = append(into.Topics, t)
		}
	}
}

func mergeCommit(into, part *kmsg.OffsetCommitResponse) {
	for _, t := range part.Topics {
		found := false
		for i := range into.Topics {
			if at := &into.Topics[i]; at.Topic == t.Topic && at.TopicID == t.TopicID {
				at.Partitions = append(at.Partitions, t.Partitions...)
				found = true
			}
		}
		if !found {
			into.Topics = append(into.Topics, t)
		}
	}
}

func mergeTxnCommit(into, part *kmsg.TxnOffsetCommitResponse) {
	for _, t := range part.Topics {
		found := false
		for i := range into.Topics {
			if at := &into.Topics[i]; at.Topic == t.Topic && at.TopicID == t.TopicID {
				at.Partitions = append(at.Partitions, t.Partitions...)
				found = true
			}
		}
		if !found {
			into.Topics = append(into.Topics, t)
		}
	}
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
