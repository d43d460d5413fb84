package force_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

func TestClientSeesAGapOfDroppedRecords(t *testing.T) {
	l := newLab(t)
	l.fill(6)
	l.set(second(records(rule.Drop, rule.Response)))
	c := l.client(kgo.ConsumeTopics("trades"))
	assert.Equal(t, []string{"0@0", "2@2", "4@4"}, seen(l.poll(c, 3)))
	l.set()
	l.fill(1)
	assert.Equal(t, []string{"0@6"}, seen(l.poll(c, 1)), "it goes on behind the gap")
}

func TestClientMovesOnWhereAllWasDropped(t *testing.T) {
	l := newLab(t)
	l.fill(6)
	l.set(records(rule.Drop, rule.Response))
	c := l.client(kgo.ConsumeTopics("trades"))
	f := c.PollFetches(l.within(time.Second))
	assert.Empty(t, f.Records())
	l.set()
	l.fill(1)
	assert.Equal(t, []string{"0@6"}, seen(l.poll(c, 1)))
}

func TestClientSeesChangedValues(t *testing.T) {
	l := newLab(t)
	l.fill(4)
	for name, c := range map[string]struct {
		r    rule.Rule
		want []string
	}{
		"swap":    {second(records(rule.SwapValues, rule.Response)), []string{"0@0", "3@1", "2@2", "1@3"}},
		"corrupt": {second(corrupt(rule.Response)), []string{"0@0", "1!@1", "2@2", "3!@3"}},
	} {
		l.set(c.r)
		assert.Equal(t, c.want, seen(l.poll(l.client(kgo.ConsumeTopics("trades")), 4)), name)
		l.set()
	}
}

func TestClientSeesHeldRecordsLater(t *testing.T) {
	l := newLab(t)
	l.fill(3)
	l.set(second(records(rule.Hold, rule.Response)))
	c := l.client(kgo.ConsumeTopics("trades"), kgo.FetchMaxWait(300*time.Millisecond))
	begin := time.Now()
	assert.Equal(t, []string{"0@0"}, seen(l.poll(c, 1)))
	assert.Less(t, time.Since(begin), 900*time.Millisecond)
	assert.Equal(t, []string{"1@1", "2@2"}, seen(l.poll(c, 2)))
	assert.GreaterOrEqual(t, time.Since(begin), time.Second)
}

func TestClientSeesAnErrorOfABrokenChecksum(t *testing.T) {
	l := newLab(t)
	l.fill(2)
	r := corrupt(rule.Response)
	r.Corrupt.Do, r.Corrupt.BrokenCRC = rule.BitFlip, true
	l.set(r)
	c := l.client(kgo.ConsumeTopics("trades"))
	f := c.PollFetches(l.within(20 * time.Second))
	require.ErrorContains(t, f.Err(), "does not match calculated crc")
	l.set()
	assert.Equal(t, []string{"0@0", "1@1"}, seen(l.poll(c, 2)), "it asks again, and nothing is lost")
}

func TestProducerSeesAnAckOfWhatWasDropped(t *testing.T) {
	l := newLab(t)
	r := records(rule.Drop, rule.Request)
	r.Often = often.Often{Rate: 1, First: 1}
	l.set(r)
	c := l.plain()
	at, err := l.one(c, "lost")
	require.NoError(t, err)
	assert.Equal(t, int64(-1), at)
	at, err = l.one(c, "kept")
	require.NoError(t, err)
	assert.Equal(t, int64(0), at)
	assert.Equal(t, []string{"kept@0"}, l.log(1))
}

func TestProducedRecordsStandOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		r    rule.Rule
		want []string
		idem bool
	}{
		"drop":      {second(records(rule.Drop, rule.Request)), []string{"a@0", "c@1"}, false},
		"reorder":   {second(records(rule.Reorder, rule.Request)), []string{"a@0", "d@1", "c@2", "b@3"}, false},
		"corrupt":   {second(corrupt(rule.Request)), []string{"a@0", "b!@1", "c@2", "d!@3"}, true},
		"duplicate": {second(records(rule.Duplicate, rule.Request)), []string{"a@0", "b@1", "c@2", "d@3", "b@4", "d@5"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.set(c.r)
			producer := l.plain(kgo.ProducerLinger(50 * time.Millisecond))
			if c.idem {
				producer = l.client(kgo.ProducerLinger(50 * time.Millisecond))
			}
			l.batchOf(producer, "a", "b", "c", "d")
			assert.Equal(t, c.want, l.log(len(c.want)))
		})
	}
}

func TestAbortedTransactionsStayUnseenUnderFaults(t *testing.T) {
	l := newLab(t)
	tx := l.client(kgo.TransactionalID("tx"))
	ctx := l.within(20 * time.Second)
	for i, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		require.NoError(t, tx.BeginTransaction())
		for j := range 2 {
			require.NoError(t, tx.ProduceSync(ctx, &kgo.Record{Topic: "trades", Value: fmt.Appendf(nil, "%d%d", i, j)}).FirstErr())
		}
		require.NoError(t, tx.EndTransaction(ctx, commit))
	}
	l.set(second(records(rule.Drop, rule.Response)), records(rule.Hold, rule.Response))
	c := l.client(kgo.ConsumeTopics("trades"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	assert.Equal(t, []string{"00@0", "20@6"}, seen(l.poll(c, 2)))
}

func TestHeldProduceFlowsOnWhenTheFaultIsLifted(t *testing.T) {
	l := newLab(t)
	r := records(rule.Hold, rule.Request)
	r.Records.Delay = time.Hour
	l.set(r)
	done := make(chan error, 1)
	l.plain().Produce(context.Background(), &kgo.Record{Topic: "trades", Value: []byte("a")}, func(_ *kgo.Record, err error) { done <- err })
	require.Eventually(t, func() bool { return l.Status()["r0"].Touched == 1 }, 10*time.Second, time.Millisecond)
	select {
	case err := <-done:
		t.Fatalf("a record that is held for an hour is done with: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	l.set()
	require.NoError(t, <-done)
	assert.Equal(t, []string{"a@0"}, l.log(1))
}
