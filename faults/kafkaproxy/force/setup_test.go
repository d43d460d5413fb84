package force_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/often"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/kafkaproxy/force"
	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// journal keeps entries in memory.
type journal struct {
	mu      sync.Mutex
	entries []truth.Entry
	settled map[uint64]int64
	full    error
}

func (j *journal) Write(entries []truth.Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.full != nil {
		return j.full
	}
	j.entries = append(j.entries, entries...)
	return nil
}

func (j *journal) Settle(batch uint64, base int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.settled == nil {
		j.settled = map[uint64]int64{}
	}
	if _, ok := j.settled[batch]; !ok {
		j.settled[batch] = base
	}
	return nil
}

// told are the entries as readers see them: what, and where the record stands.
func (j *journal) told() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for _, e := range j.entries {
		offset := e.Offset
		if base, ok := j.settled[e.Batch]; ok && e.Batch != 0 && base >= 0 {
			offset = base + int64(e.Index)
		}
		out = append(out, fmt.Sprintf("%s %s/%d@%d", e.What, e.Topic, e.Partition, offset))
	}
	return out
}

// shout is a corrupter: it appends a mark, and cannot read "secret".
type shout struct{}

func (shout) Corrupt(_ context.Context, _ string, value []byte, _ rule.Corrupt) ([]byte, bool, error) {
	switch string(value) {
	case "secret":
		return nil, false, errors.New("not a value that can be read")
	case "same":
		return value, false, nil
	}
	return append(append([]byte(nil), value...), '!'), true, nil
}

type harness struct {
	*testing.T
	*force.Engine
	journal *journal
	copies  []string
	topics  map[[16]byte]string
}

func newHarness(t *testing.T, rules ...rule.Rule) *harness {
	t.Helper()
	h := &harness{T: t, journal: &journal{}, topics: map[[16]byte]string{{7}: "trades"}}
	h.Engine = force.New(force.Options{
		Journal: h.journal, Corrupter: shout{},
		Duplicate: func(_ context.Context, topic string, partition int32, batch []byte) error {
			h.copies = append(h.copies, fmt.Sprintf("%s/%d %v", topic, partition, values(t, batch)))
			return nil
		},
	})
	h.set(rules...)
	return h
}

func (h *harness) set(rules ...rule.Rule) {
	of := map[string]control.Of{}
	for i := range rules {
		if rules[i].ID == "" {
			rules[i].ID = fmt.Sprintf("r%d", i)
		}
		if rules[i].Often == (often.Often{}) {
			rules[i].Often = often.Always()
		}
		of[rules[i].ID] = control.Of{Experiment: "ex", Step: "step"}
	}
	h.Set(rules, of)
}

// exchange begins one as the relay does.
func (h *harness) exchange(req kmsg.Request) *relay.Exchange {
	return &relay.Exchange{
		Link:    relay.Link{ID: 1, Broker: 1, Client: "10.0.0.1:40000"},
		Header:  frame.Header{Key: req.Key(), Version: req.GetVersion(), ClientID: "app"},
		Request: req,
		TopicName: func(id [16]byte) (string, bool) {
			name, ok := h.topics[id]
			return name, ok
		},
	}
}

// ask takes a request through the engine, as far as it is asked to look.
func (h *harness) ask(x *relay.Exchange) (relay.Need, relay.Action) {
	h.Helper()
	need := h.Needs(x.Link, x.Header)
	if need&relay.NeedRequest == 0 {
		return need, relay.Action{}
	}
	return need, h.Request(h.Context(), x)
}

func (h *harness) reply(x *relay.Exchange, resp kmsg.Response) relay.Action {
	h.Helper()
	x.Response = resp
	return h.Response(h.Context(), x)
}

// batch is a batch of values, of no producer, that begins at an offset.
func batch(base int64, of ...string) *record.Batch {
	b := &record.Batch{
		BaseOffset: base, LastOffsetDelta: int32(len(of) - 1), FirstTimestamp: 1000, MaxTimestamp: 1000 + int64(len(of)-1),
		ProducerID: -1, ProducerEpoch: -1, BaseSequence: -1,
	}
	for i, v := range of {
		b.Records = append(b.Records, record.Record{OffsetDelta: int32(i), TimestampDelta: int64(i), Key: []byte("k" + v), Value: []byte(v)})
	}
	return b
}

func bytesOf(t *testing.T, batches ...*record.Batch) []byte {
	t.Helper()
	var out []byte
	for _, b := range batches {
		var err error
		out, err = b.Append(out)
		require.NoError(t, err)
	}
	return out
}

// values reads records as a client does.
func values(t *testing.T, raw []byte) []string {
	t.Helper()
	out := []string{}
	_, err := record.Edit(raw, func(b *record.Batch) (bool, error) {
		for _, r := range b.Records {
			out = append(out, string(r.Value))
		}
		return false, nil
	})
	require.NoError(t, err)
	return out
}

func produceRequest(acks int16, records map[int32][]byte) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks = 9, acks
	t := kmsg.NewProduceRequestTopic()
	t.Topic = "trades"
	for n := range int32(3) {
		if raw, ok := records[n]; ok {
			p := kmsg.NewProduceRequestTopicPartition()
			p.Partition, p.Records = n, raw
			t.Partitions = append(t.Partitions, p)
		}
	}
	req.Topics = append(req.Topics, t)
	return req
}

// produced is what a broker answers that appended all at base.
func produced(req *kmsg.ProduceRequest, base int64) *kmsg.ProduceResponse {
	resp := req.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range req.Topics {
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			one := kmsg.NewProduceResponseTopicPartition()
			one.Partition, one.BaseOffset = p.Partition, base
			topic.Partitions = append(topic.Partitions, one)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}

func recordsOf(req *kmsg.ProduceRequest, partition int32) []byte {
	for _, t := range req.Topics {
		for _, p := range t.Partitions {
			if p.Partition == partition {
				return p.Records
			}
		}
	}
	return nil
}

func fetchRequest(from int64, wait time.Duration) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.MaxWaitMillis = 12, int32(wait.Milliseconds())
	t := kmsg.NewFetchRequestTopic()
	t.Topic = "trades"
	for n := range int32(2) {
		p := kmsg.NewFetchRequestTopicPartition()
		p.Partition, p.FetchOffset = n, from
		t.Partitions = append(t.Partitions, p)
	}
	req.Topics = append(req.Topics, t)
	return req
}

func fetched(records map[int32][]byte) *kmsg.FetchResponse {
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = 12
	t := kmsg.NewFetchResponseTopic()
	t.Topic = "trades"
	for n := range int32(2) {
		p := kmsg.NewFetchResponseTopicPartition()
		p.Partition, p.HighWatermark, p.RecordBatches = n, 1000, records[n]
		t.Partitions = append(t.Partitions, p)
	}
	resp.Topics = append(resp.Topics, t)
	return resp
}

func received(resp *kmsg.FetchResponse, partition int) []byte {
	return resp.Topics[0].Partitions[partition].RecordBatches
}

func records(do rule.RecordFault, way rule.Direction) rule.Rule {
	return rule.Rule{
		Fault: "kafka.records", Where: rule.Where{Topics: []string{"trades"}, Partitions: []int32{0}, Direction: way},
		Records: &rule.Records{Do: do, Delay: time.Second},
	}
}

func corrupt(way rule.Direction) rule.Rule {
	return rule.Rule{
		Fault: "kafka.corrupt", Where: rule.Where{Topics: []string{"trades"}, Partitions: []int32{0}, Direction: way},
		Corrupt: &rule.Corrupt{Do: rule.WrongType, Fields: []string{"price"}},
	}
}

func protocol(p rule.Protocol, w rule.Where) rule.Rule {
	return rule.Rule{Fault: "kafka.protocol", Where: w, Protocol: &p}
}
