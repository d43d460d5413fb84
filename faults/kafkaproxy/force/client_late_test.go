package force_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// TestAFetchThatWaitsIsMet puts a rule in force while the broker holds the
// client's fetch until there is a record: that very record is touched.
func TestAFetchThatWaitsIsMet(t *testing.T) {
	l := newLab(t)
	waits := make(chan struct{})
	var once sync.Once
	l.brokers.ControlKey(int16(kmsg.Fetch), func(q kmsg.Request) (kmsg.Response, error, bool) {
		l.brokers.KeepControl()
		for _, topic := range q.(*kmsg.FetchRequest).Topics {
			if topic.Partitions[0].FetchOffset == 1 {
				once.Do(func() { close(waits) })
			}
		}
		return nil, nil, false
	})
	l.fill(1)
	c := l.client(kgo.ConsumeTopics("trades"), kgo.FetchMaxWait(20*time.Second))
	require.Equal(t, []string{"0@0"}, seen(l.poll(c, 1)))
	<-waits
	l.set(corrupt(rule.Response))
	l.fill(1)
	got := l.poll(c, 1)
	require.Len(t, got, 1)
	assert.NotEqual(t, "0", string(got[0].Value), "it was touched")
	require.Len(t, l.journal.entries, 1)
	assert.Equal(t, int64(1), l.journal.entries[0].Offset)
}
