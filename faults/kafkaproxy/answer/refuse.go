package answer

import "github.com/twmb/franz-go/pkg/kmsg"

// split parts what is picked of the topics of a request from the rest.
func split[T, P any](topics []T, parts func(*T) *[]P, at func(*T, *P) Place, pick Pick) (rest []T, picked []Place) {
	for _, t := range topics {
		all := *parts(&t)
		var left []P
		for _, p := range all {
			if place := at(&t, &p); pick(place) {
				picked = append(picked, place)
			} else {
				left = append(left, p)
			}
		}
		if len(left) > 0 {
			*parts(&t) = left
			rest = append(rest, t)
		}
	}
	return rest, picked
}

// refuseProduce moves what is picked from a request to a response, and says
// whether nothing is left.
func refuseProduce(req *kmsg.ProduceRequest, resp *kmsg.ProduceResponse, pick Pick) bool {
	rest, picked := split(req.Topics,
		func(t *kmsg.ProduceRequestTopic) *[]kmsg.ProduceRequestTopicPartition { return &t.Partitions },
		func(t *kmsg.ProduceRequestTopic, p *kmsg.ProduceRequestTopicPartition) Place {
			return Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}
		}, pick)
	for _, p := range picked {
		topic, one := kmsg.NewProduceResponseTopic(), kmsg.NewProduceResponseTopicPartition()
		topic.Topic, topic.TopicID, one.Partition = p.Topic, p.ID, p.Partition
		topic.Partitions = append(topic.Partitions, one)
		resp.Topics = joinProduce(resp.Topics, topic)
	}
	req.Topics = rest
	return len(rest) == 0
}

func refuseCommit(req *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, pick Pick) bool {
	rest, picked := split(req.Topics,
		func(t *kmsg.OffsetCommitRequestTopic) *[]kmsg.OffsetCommitRequestTopicPartition { return &t.Partitions },
		func(t *kmsg.OffsetCommitRequestTopic, p *kmsg.OffsetCommitRequestTopicPartition) Place {
			return Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}
		}, pick)
	for _, p := range picked {
		topic, one := kmsg.NewOffsetCommitResponseTopic(), kmsg.NewOffsetCommitResponseTopicPartition()
		topic.Topic, topic.TopicID, one.Partition = p.Topic, p.ID, p.Partition
		topic.Partitions = append(topic.Partitions, one)
		resp.Topics = joinCommit(resp.Topics, topic)
	}
	req.Topics = rest
	return len(rest) == 0
}

func refuseTxnCommit(req *kmsg.TxnOffsetCommitRequest, resp *kmsg.TxnOffsetCommitResponse, pick Pick) bool {
	rest, picked := split(req.Topics,
		func(t *kmsg.TxnOffsetCommitRequestTopic) *[]kmsg.TxnOffsetCommitRequestTopicPartition {
			return &t.Partitions
		},
		func(t *kmsg.TxnOffsetCommitRequestTopic, p *kmsg.TxnOffsetCommitRequestTopicPartition) Place {
			return Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition}
		}, pick)
	for _, p := range picked {
		topic, one := kmsg.NewTxnOffsetCommitResponseTopic(), kmsg.NewTxnOffsetCommitResponseTopicPartition()
		topic.Topic, topic.TopicID, one.Partition = p.Topic, p.ID, p.Partition
		topic.Partitions = append(topic.Partitions, one)
		resp.Topics = joinTxnCommit(resp.Topics, topic)
	}
	req.Topics = rest
	return len(rest) == 0
}
