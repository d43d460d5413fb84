package force

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

// share tells the rules that what a share group (KIP-932) fetches passes them
// by. A record that is dropped or held would stay acquired by a member that
// never had it, so the broker would give it out anew, to others, a few times:
// that is another fault than the one that was asked for.
func share(x *relay.Exchange, resp *kmsg.ShareFetchResponse, rules []*active) {
	for _, a := range rules {
		for _, t := range resp.Topics {
			name, ok := topicOf(x, "", t.TopicID)
			if !ok {
				continue
			}
			for _, p := range t.Partitions {
				if a.Where.Partition(name, p.Partition) {
					a.tally.skipped(acquired(p.AcquiredRecords), "fetched by a share group, whose records pass untouched")
				}
			}
		}
	}
}

// acquired is how many records the client is given.
func acquired(spans []kmsg.ShareFetchResponseTopicPartitionAcquiredRecord) (n uint64) {
	for _, s := range spans {
		n += uint64(max(0, s.LastOffset-s.FirstOffset+1))
	}
	return n
}
