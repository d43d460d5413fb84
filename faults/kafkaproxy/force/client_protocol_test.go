package force_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

func TestLostAcksAreTriedAgain(t *testing.T) {
	for _, how := range []rule.LostAckHow{rule.ByDisconnect, rule.ByCode, rule.BySilence} {
		for _, idempotent := range []bool{true, false} {
			t.Run(fmt.Sprintf("how %d idempotent %v", how, idempotent), func(t *testing.T) {
				l := newLab(t)
				r := protocol(rule.Protocol{Do: rule.LostAck, How: how, Code: kerr.NotLeaderForPartition.Code}, rule.Where{APIs: []int16{0}})
				r.Often = often.Often{Rate: 1, First: 1}
				l.set(r)
				timeouts := []kgo.Opt{kgo.ProduceRequestTimeout(500 * time.Millisecond), kgo.RequestTimeoutOverhead(time.Second)}
				producer, want := l.client(timeouts...), []string{"a@0", "b@1"}
				if !idempotent {
					producer, want = l.plain(timeouts...), []string{"a@0", "a@1", "b@2"}
				}
				_, err := l.one(producer, "a")
				require.NoError(t, err)
				_, err = l.one(producer, "b")
				require.NoError(t, err)
				assert.Equal(t, want, l.log(len(want)))
				assert.EqualValues(t, 1, l.Status()["r0"].Met)
			})
		}
	}
}

func TestProducerSeesErrors(t *testing.T) {
	for name, c := range map[string]struct {
		code   *kerr.Error
		before bool
		want   error
		log    []string
	}{
		"retried, before":     {kerr.NotEnoughReplicas, true, nil, []string{"a@0"}},
		"retried, after":      {kerr.NotEnoughReplicasAfterAppend, false, nil, []string{"a@0"}},
		"not retried, before": {kerr.TopicAuthorizationFailed, true, kerr.TopicAuthorizationFailed, nil},
		"not retried, after":  {kerr.MessageTooLarge, false, kerr.MessageTooLarge, []string{"a@0"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			r := protocol(rule.Protocol{Do: rule.Error, Code: c.code.Code, Before: c.before}, rule.Where{APIs: []int16{0}, Topics: []string{"trades"}})
			r.Often = often.Often{Rate: 1, First: 2}
			l.set(r)
			_, err := l.one(l.client(), "a")
			if c.want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.want)
			}
			if c.log != nil {
				assert.Equal(t, c.log, l.log(len(c.log)))
			}
		})
	}
}

func TestConsumerSeesErrorsAndGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		code  *kerr.Error
		shown bool
	}{
		"retried":             {kerr.NotLeaderForPartition, false},
		"shown":               {kerr.TopicAuthorizationFailed, true},
		"of a lost session":   {kerr.FetchSessionIDNotFound, false},
		"of the storage":      {kerr.KafkaStorageError, false},
		"of an unknown topic": {kerr.UnknownTopicID, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.fill(3)
			r := protocol(rule.Protocol{Do: rule.Error, Code: c.code.Code}, rule.Where{APIs: []int16{1}})
			r.Often = often.Often{Rate: 1, First: 2}
			l.set(r)
			consumer := l.client(kgo.ConsumeTopics("trades"))
			var got []string
			shown := false
			for ctx := l.within(20 * time.Second); len(got) < 3; {
				f := consumer.PollFetches(ctx)
				require.NoError(t, ctx.Err())
				shown = shown || errors.Is(f.Err(), c.code)
				got = append(got, seen(f.Records())...)
			}
			assert.Equal(t, []string{"0@0", "1@1", "2@2"}, got)
			assert.Equal(t, c.shown, shown, "PollFetches shows the error")
		})
	}
}

func TestClientsGetOverStaleMetadata(t *testing.T) {
	l := newLab(t)
	l.set(protocol(rule.Protocol{Do: rule.StaleMetadata, Stale: rule.WrongLeader}, rule.Where{Topics: []string{"trades"}}))
	c := l.client()
	r := &kgo.Record{Topic: "trades", Value: []byte("a")}
	err := c.ProduceSync(l.within(time.Second), r).FirstErr()
	require.ErrorIs(t, err, context.DeadlineExceeded, "it asks for metadata again and again, and is told the same")
	l.set()
	_, err = l.one(c, "b")
	require.NoError(t, err, "it hears of the right one")
}

func TestFrozenLeaderIsFollowed(t *testing.T) {
	l := newLab(t)
	l.fill(1)
	l.set(protocol(rule.Protocol{Do: rule.StaleMetadata, Stale: rule.Frozen}, rule.Where{}))
	c := l.client()
	_, err := l.one(c, "a")
	require.NoError(t, err)
	leader := l.brokers.LeaderFor("trades", 0)
	require.NoError(t, l.brokers.MoveTopicPartition("trades", 0, (leader+1)%3))
	err = c.ProduceSync(l.within(5*time.Second), &kgo.Record{Topic: "trades", Value: []byte("b")}).FirstErr()
	require.NoError(t, err, "the old leader itself tells the new one (KIP-951)")
	l.set()
	_, err = l.one(c, "c")
	require.NoError(t, err)
}

func TestMovedCoordinatorHoldsAGroupUp(t *testing.T) {
	l := newLab(t)
	l.fill(1)
	l.set(protocol(rule.Protocol{Do: rule.MoveCoordinator}, rule.Where{Groups: []string{"sink"}}))
	c := l.client(kgo.ConsumerGroup("sink"), kgo.ConsumeTopics("trades"))
	f := c.PollFetches(l.within(time.Second))
	assert.Empty(t, f.Records())
	assert.Positive(t, l.Status()["r0"].Met)
	l.set()
	assert.Equal(t, []string{"0@0"}, seen(l.poll(c, 1)))
}

func TestThrottledClientWaits(t *testing.T) {
	l := newLab(t)
	c := l.client()
	_, err := l.one(c, "warm")
	require.NoError(t, err)
	r := protocol(rule.Protocol{Do: rule.Throttle, Time: 3 * time.Second}, rule.Where{APIs: []int16{0}})
	r.Often = often.Often{Rate: 1, First: 1}
	l.set(r)
	begin := time.Now()
	_, err = l.one(c, "a")
	require.NoError(t, err)
	assert.Less(t, time.Since(begin), 2800*time.Millisecond, "the response is there")
	_, err = l.one(c, "b")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(begin), 2800*time.Millisecond, "the next request waits")
}

func TestClientGetsOverACutResponse(t *testing.T) {
	l := newLab(t)
	l.fill(3)
	r := protocol(rule.Protocol{Do: rule.Disconnect, At: 0.5}, rule.Where{APIs: []int16{1}})
	r.Often = often.Often{Rate: 1, First: 2}
	l.set(r)
	c := l.client(kgo.ConsumeTopics("trades"))
	assert.Equal(t, []string{"0@0", "1@1", "2@2"}, seen(l.poll(c, 3)))
	assert.EqualValues(t, 2, l.Status()["r0"].Met)
}
