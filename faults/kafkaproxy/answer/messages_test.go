package answer_test

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/answer"
)

// The topics of all messages: of red partition 0 and 1, of blue partition 0.
var (
	topics = []string{"red", "blue"}                      //nolint:gochecknoglobals // the fixed cast of these tests
	ids    = map[string][16]byte{"red": {1}, "blue": {2}} //nolint:gochecknoglobals // as above
)

func partitionsOf(topic string) []int32 {
	if topic == "red" {
		return []int32{0, 1}
	}
	return []int32{0}
}

// redOne picks partition 1 of red, by name or id, or the topic as a whole.
func redOne(p answer.Place) bool {
	return (p.Topic == "red" || p.ID == ids["red"]) && (p.Partition == 1 || p.Partition == -1)
}

// request is what a client asks, as the proxy reads it in a version.
func request(t *testing.T, key, version int16) kmsg.Request {
	t.Helper()
	req := kmsg.RequestForKey(key)
	req.SetVersion(version)
	for _, name := range topics {
		for _, n := range partitionsOf(name) {
			ask(req, name, n)
		}
	}
	if r, ok := req.(*kmsg.JoinGroupRequest); ok {
		r.MemberID = "me"
	}
	read := kmsg.RequestForKey(key)
	read.SetVersion(version)
	if err := read.ReadFrom(req.AppendTo(nil)); err != nil {
		t.Fatalf("reading a request %s of version %d: %v", kmsg.NameForKey(key), version, err)
	}
	return read
}

// ask adds one partition to a request, each as a topic of its own: nothing
// says that a topic is listed once.
func ask(req kmsg.Request, name string, n int32) {
	switch r := req.(type) {
	case *kmsg.ProduceRequest:
		p := kmsg.NewProduceRequestTopicPartition()
		p.Partition, p.Records = n, []byte("records")
		r.Topics = append(r.Topics, kmsg.ProduceRequestTopic{Topic: name, TopicID: ids[name], Partitions: []kmsg.ProduceRequestTopicPartition{p}})
	case *kmsg.OffsetCommitRequest:
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition = n
		r.Topics = append(r.Topics, kmsg.OffsetCommitRequestTopic{Topic: name, TopicID: ids[name], Partitions: []kmsg.OffsetCommitRequestTopicPartition{p}})
	case *kmsg.TxnOffsetCommitRequest:
		p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		p.Partition = n
		r.Topics = append(r.Topics, kmsg.TxnOffsetCommitRequestTopic{Topic: name, TopicID: ids[name], Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{p}})
	case *kmsg.AddPartitionsToTxnRequest:
		if r.Version < 4 {
			r.Topics = append(r.Topics, kmsg.AddPartitionsToTxnRequestTopic{Topic: name, Partitions: []int32{n}})
			return
		}
		if len(r.Transactions) == 0 {
			r.Transactions = append(r.Transactions, kmsg.AddPartitionsToTxnRequestTransaction{TransactionalID: "tx"})
		}
		tx := &r.Transactions[0]
		tx.Topics = append(tx.Topics, kmsg.AddPartitionsToTxnRequestTransactionTopic{Topic: name, Partitions: []int32{n}})
	}
}

// response is what a broker answers, as the proxy reads it in a version.
func response(t *testing.T, key, version int16) kmsg.Response {
	t.Helper()
	resp := kmsg.ResponseForKey(key)
	resp.SetVersion(version)
	for _, name := range topics {
		for _, n := range partitionsOf(name) {
			give(resp, name, n)
		}
	}
	if r, ok := resp.(*kmsg.FetchResponse); ok {
		r.SessionID = 7
	}
	if r, ok := resp.(*kmsg.MetadataResponse); ok {
		for id := range int32(3) {
			r.Brokers = append(r.Brokers, kmsg.MetadataResponseBroker{NodeID: id, Host: fmt.Sprintf("broker%d", id), Port: 9092})
		}
	}
	return reread(t, resp)
}

func reread(t *testing.T, resp kmsg.Response) kmsg.Response {
	t.Helper()
	read := kmsg.ResponseForKey(resp.Key())
	read.SetVersion(resp.GetVersion())
	if err := read.ReadFrom(resp.AppendTo(nil)); err != nil {
		t.Fatalf("reading a response %s of version %d as a client would: %v", kmsg.NameForKey(resp.Key()), resp.GetVersion(), err)
	}
	return read
}

func give(resp kmsg.Response, name string, n int32) {
	switch r := resp.(type) {
	case *kmsg.ProduceResponse:
		p := kmsg.NewProduceResponseTopicPartition()
		p.Partition, p.BaseOffset = n, 40
		r.Topics = append(r.Topics, kmsg.ProduceResponseTopic{Topic: name, TopicID: ids[name], Partitions: []kmsg.ProduceResponseTopicPartition{p}})
	case *kmsg.FetchResponse:
		p := kmsg.NewFetchResponseTopicPartition()
		p.Partition, p.HighWatermark, p.LastStableOffset, p.LogStartOffset, p.RecordBatches = n, 50, 49, 3, []byte("records")
		r.Topics = append(r.Topics, kmsg.FetchResponseTopic{Topic: name, TopicID: ids[name], Partitions: []kmsg.FetchResponseTopicPartition{p}})
	case *kmsg.ListOffsetsResponse:
		p := kmsg.NewListOffsetsResponseTopicPartition()
		p.Partition, p.Offset = n, 50
		r.Topics = append(r.Topics, kmsg.ListOffsetsResponseTopic{Topic: name, Partitions: []kmsg.ListOffsetsResponseTopicPartition{p}})
	case *kmsg.MetadataResponse:
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Leader, p.LeaderEpoch = n, 1, 5
		r.Topics = append(r.Topics, kmsg.MetadataResponseTopic{Topic: &name, TopicID: ids[name], Partitions: []kmsg.MetadataResponseTopicPartition{p}})
	case *kmsg.DescribeTopicPartitionsResponse:
		p := kmsg.NewDescribeTopicPartitionsResponseTopicPartition()
		p.Partition, p.LeaderID, p.LeaderEpoch = n, 1, 5
		r.Topics = append(r.Topics, kmsg.DescribeTopicPartitionsResponseTopic{Topic: &name, TopicID: ids[name], Partitions: []kmsg.DescribeTopicPartitionsResponseTopicPartition{p}})
	case *kmsg.OffsetCommitResponse:
		p := kmsg.NewOffsetCommitResponseTopicPartition()
		p.Partition = n
		r.Topics = append(r.Topics, kmsg.OffsetCommitResponseTopic{Topic: name, TopicID: ids[name], Partitions: []kmsg.OffsetCommitResponseTopicPartition{p}})
	case *kmsg.TxnOffsetCommitResponse:
		p := kmsg.NewTxnOffsetCommitResponseTopicPartition()
		p.Partition = n
		r.Topics = append(r.Topics, kmsg.TxnOffsetCommitResponseTopic{Topic: name, TopicID: ids[name], Partitions: []kmsg.TxnOffsetCommitResponseTopicPartition{p}})
	default:
		giveGroup(resp, name, n)
	}
}

func giveGroup(resp kmsg.Response, name string, n int32) {
	switch r := resp.(type) {
	case *kmsg.OffsetFetchResponse:
		p := kmsg.NewOffsetFetchResponseTopicPartition()
		p.Partition, p.Offset = n, 12
		r.Topics = append(r.Topics, kmsg.OffsetFetchResponseTopic{Topic: name, Partitions: []kmsg.OffsetFetchResponseTopicPartition{p}})
		if len(r.Groups) == 0 {
			r.Groups = append(r.Groups, kmsg.OffsetFetchResponseGroup{Group: "readers"})
		}
		q := kmsg.NewOffsetFetchResponseGroupTopicPartition()
		q.Partition, q.Offset = n, 12
		r.Groups[0].Topics = append(r.Groups[0].Topics, kmsg.OffsetFetchResponseGroupTopic{Topic: name, TopicID: ids[name], Partitions: []kmsg.OffsetFetchResponseGroupTopicPartition{q}})
	case *kmsg.AddPartitionsToTxnResponse:
		p := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
		p.Partition = n
		r.Topics = append(r.Topics, kmsg.AddPartitionsToTxnResponseTopic{Topic: name, Partitions: []kmsg.AddPartitionsToTxnResponseTopicPartition{p}})
		if len(r.Transactions) == 0 {
			r.Transactions = append(r.Transactions, kmsg.AddPartitionsToTxnResponseTransaction{TransactionalID: "tx"})
		}
		q := kmsg.NewAddPartitionsToTxnResponseTransactionTopicPartition()
		q.Partition = n
		tx := &r.Transactions[0]
		tx.Topics = append(tx.Topics, kmsg.AddPartitionsToTxnResponseTransactionTopic{Topic: name, Partitions: []kmsg.AddPartitionsToTxnResponseTransactionTopicPartition{q}})
	case *kmsg.FindCoordinatorResponse:
		r.NodeID, r.Host, r.Port = 1, "broker1", 9092
		if len(r.Coordinators) == 0 {
			r.Coordinators = []kmsg.FindCoordinatorResponseCoordinator{{Key: "readers", NodeID: 1, Host: "broker1", Port: 9092}, {Key: "others", NodeID: 2, Host: "broker2", Port: 9092}}
		}
	}
}
