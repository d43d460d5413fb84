package answer

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// refuseProduce moves what is picked from a request to a response, and says
// whether nothing is left.
func refuseProduce(req *kmsg.ProduceRequest, resp *kmsg.ProduceResponse, pick Pick) bool {
	var rest []kmsg.ProduceRequestTopic
	for _, t := range req.Topics {
		refused := kmsg.NewProduceResponseTopic()
		refused.Topic, refused.TopicID = t.Topic, t.TopicID
		t.Partitions = slices.DeleteFunc(slices.Clone(t.Partitions), func(p kmsg.ProduceRequestTopicPartition) bool {
			if !pick(Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}) {
				return false
			}
			one := kmsg.NewProduceResponseTopicPartition()
			one.Partition = p.Partition
			one.BaseOffset = -1
			refused.Partitions = append(refused.Partitions, one)
			return true
		})
		if len(refused.Partitions) > 0 {
			resp.Topics = append(resp.Topics, refused)
		}
		if len(t.Partitions) > 0 {
			rest = append(rest, t)
		}
	}
	req.Topics = rest
	return len(rest) == 0
}

func refuseCommit(req *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, pick Pick) bool {
	var rest []kmsg.OffsetCommitRequestTopic
	for _, t := range req.Topics {
		refused := kmsg.NewOffsetCommitResponseTopic()
		refused.Topic, refused.TopicID = t.Topic, t.TopicID
		t.Partitions = slices.DeleteFunc(slices.Clone(t.Partitions), func(p kmsg.OffsetCommitRequestTopicPartition) bool {
			if !pick(Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}) {
				return false
			}
			one := kmsg.NewOffsetCommitResponseTopicPartition()
			one.Partition = p.Partition
			refused.Partitions = append(refused.Partitions, one)
			return true
		})
		if len(refused.Partitions) > 0 {
			resp.Topics = append(resp.Topics, refused)
		}
		if len(t.Partitions) > 0 {
			rest = append(rest, t)
		}
	}
	req.Topics = rest
	return len(rest) == 0
}

func refuseTxnCommit(req *kmsg.TxnOffsetCommitRequest, resp *kmsg.TxnOffsetCommitResponse, pick Pick) bool {
	var rest []kmsg.TxnOffsetCommitRequestTopic
	for _, t := range req.Topics {
		refused := kmsg.NewTxnOffsetCommitResponseTopic()
		refused.Topic, refused.TopicID = t.Topic, t.TopicID
		t.Partitions = slices.DeleteFunc(slices.Clone(t.Partitions), func(p kmsg.TxnOffsetCommitRequestTopicPartition) bool {
			if !pick(Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}) {
				return false
			}
			one := kmsg.NewTxnOffsetCommitResponseTopicPartition()
			one.Partition = p.Partition
			refused.Partitions = append(refused.Partitions, one)
			return true
		})
		if len(refused.Partitions) > 0 {
			resp.Topics = append(resp.Topics, refused)
		}
		if len(t.Partitions) > 0 {
			rest = append(rest, t)
		}
	}
	req.Topics = rest
	return len(rest) == 0
}
