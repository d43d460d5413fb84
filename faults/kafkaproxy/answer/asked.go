package answer

import "github.com/twmb/franz-go/pkg/kmsg"

// asked visits each place of a request; there is nothing to tell.
func asked(req kmsg.Request, visit visit) {
	at := func(topic string, id [16]byte, partition int32) {
		visit(Place{Topic: topic, ID: id, Partition: partition}, nil)
	}
	switch r := req.(type) {
	case *kmsg.ProduceRequest:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				at(r.Topics[i].Topic, r.Topics[i].TopicID, r.Topics[i].Partitions[j].Partition)
			}
		}
	case *kmsg.FetchRequest:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				at(r.Topics[i].Topic, r.Topics[i].TopicID, r.Topics[i].Partitions[j].Partition)
			}
		}
	case *kmsg.ListOffsetsRequest:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				at(r.Topics[i].Topic, [16]byte{}, r.Topics[i].Partitions[j].Partition)
			}
		}
	case *kmsg.MetadataRequest:
		for i := range r.Topics {
			visit(placeOf(r.Topics[i].Topic, r.Topics[i].TopicID, -1), nil)
		}
	case *kmsg.DescribeTopicPartitionsRequest:
		for i := range r.Topics {
			at(r.Topics[i].Topic, [16]byte{}, -1)
		}
	case *kmsg.OffsetCommitRequest:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				at(r.Topics[i].Topic, r.Topics[i].TopicID, r.Topics[i].Partitions[j].Partition)
			}
		}
	case *kmsg.TxnOffsetCommitRequest:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				at(r.Topics[i].Topic, r.Topics[i].TopicID, r.Topics[i].Partitions[j].Partition)
			}
		}
	case *kmsg.AddPartitionsToTxnRequest:
		partitionsToAdd(r, at)
	case *kmsg.OffsetFetchRequest:
		offsetsToFetch(r, at)
	default:
		visit(Whole(), nil)
	}
}

func partitionsToAdd(r *kmsg.AddPartitionsToTxnRequest, at func(string, [16]byte, int32)) {
	for i := range r.Topics {
		for _, p := range r.Topics[i].Partitions {
			at(r.Topics[i].Topic, [16]byte{}, p)
		}
	}
	for k := range r.Transactions {
		for i := range r.Transactions[k].Topics {
			for _, p := range r.Transactions[k].Topics[i].Partitions {
				at(r.Transactions[k].Topics[i].Topic, [16]byte{}, p)
			}
		}
	}
}

func offsetsToFetch(r *kmsg.OffsetFetchRequest, at func(string, [16]byte, int32)) {
	for i := range r.Topics {
		for _, p := range r.Topics[i].Partitions {
			at(r.Topics[i].Topic, [16]byte{}, p)
		}
	}
	for k := range r.Groups {
		for i := range r.Groups[k].Topics {
			for _, p := range r.Groups[k].Topics[i].Partitions {
				at(r.Groups[k].Topics[i].Topic, r.Groups[k].Topics[i].TopicID, p)
			}
		}
	}
}
