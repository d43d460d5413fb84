package force_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func TestWhatAShareGroupFetchesIsToldToPass(t *testing.T) {
	t.Parallel()
	h := newHarness(t, corrupt(rule.Response), records(rule.Drop, rule.Request))
	req := kmsg.NewPtrShareFetchRequest()
	x := h.exchange(req)
	need, act := h.ask(x)
	assert.Equal(t, relay.NeedResponse, need)
	assert.Equal(t, relay.Action{}, act)
	resp, topic := kmsg.NewPtrShareFetchResponse(), kmsg.NewShareFetchResponseTopic()
	topic.TopicID = [16]byte{7} // trades
	for n := range int32(2) {
		p := kmsg.NewShareFetchResponseTopicPartition()
		p.Partition = n
		p.Records = bytesOf(t, batch(50, "a", "b", "c", "d"))
		p.AcquiredRecords = []kmsg.ShareFetchResponseTopicPartitionAcquiredRecord{{FirstOffset: 50, LastOffset: 50}, {FirstOffset: 52, LastOffset: 53}}
		topic.Partitions = append(topic.Partitions, p)
	}
	resp.Topics = append(resp.Topics, topic)
	assert.Equal(t, relay.Action{}, h.reply(x, resp), "it passes as it is")
	c := h.Status()
	assert.Equal(t, map[string]uint64{"fetched by a share group, whose records pass untouched": 3}, c["r0"].Why, "of partition 0")
	assert.Equal(t, []uint64{3, 0}, []uint64{c["r0"].Skipped, c["r0"].Touched})
	assert.Zero(t, c["r1"].Skipped, "of what is produced")
}
