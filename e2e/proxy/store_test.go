//go:build e2e

package proxy_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// store is what the brokers hold of some topics, read past the proxy.
type store struct {
	shape shape // of values
	mu    sync.Mutex
	at    map[string]map[place]*kgo.Record // by topic
	last  map[string]map[int32]int64       // offset, by topic and partition
}

func watchStore(t *testing.T, brokers []string, committed bool, shape shape, topics ...string) *store {
	t.Helper()
	s := &store{shape: shape, at: map[string]map[place]*kgo.Record{}, last: map[string]map[int32]int64{}}
	for _, topic := range topics {
		s.at[topic], s.last[topic] = map[place]*kgo.Record{}, map[int32]int64{}
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topics...), kgo.MetadataMinAge(100 * time.Millisecond), kgo.MetadataMaxAge(time.Second),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(200 * time.Millisecond), kgo.UnknownTopicRetries(-1),
	}
	if committed {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	c, err := kgo.NewClient(opts...)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			s.add(c.PollFetches(ctx))
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
		c.Close()
	})
	return s
}

func (s *store) add(f kgo.Fetches) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.EachRecord(func(r *kgo.Record) {
		s.at[r.Topic][place{r.Partition, r.Offset}] = r
		s.last[r.Topic][r.Partition] = r.Offset
	})
}

// ends are the last offsets of a topic.
func (s *store) ends(topic string) map[int32]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.last[topic])
}

func (s *store) has(topic string, at place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[topic][at] != nil
}

// holds says whether a number was written as it was, wherever.
func (s *store) holds(topic string, n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.at[topic] {
		if is, whole := s.shape.number(r.Value); whole && is == n {
			return true
		}
	}
	return false
}

// between are the records of a topic behind some ends.
func (s *store) between(topic string, after, upTo map[int32]int64) map[place]*kgo.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[place]*kgo.Record{}
	for at, r := range s.at[topic] {
		first, seen := after[at.partition]
		if (!seen || at.offset > first) && at.offset <= upTo[at.partition] {
			out[at] = r
		}
	}
	return out
}
