package force_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

// failing is an error that one API tells n times.
func failing(api kmsg.Key, code *kerr.Error, before bool, n int) rule.Rule {
	r := protocol(rule.Protocol{Do: rule.Error, Code: code.Code, Before: before}, rule.Where{APIs: []int16{api.Int16()}})
	r.Often = often.Often{Rate: 1, First: n}
	return r
}

func TestGroupsGetOverErrors(t *testing.T) {
	for name, r := range map[string]rule.Rule{
		"find coordinator": failing(kmsg.FindCoordinator, kerr.CoordinatorNotAvailable, true, 2),
		"join":             failing(kmsg.JoinGroup, kerr.CoordinatorLoadInProgress, true, 2),
		"join, after":      failing(kmsg.JoinGroup, kerr.UnknownMemberID, false, 1),
		"sync":             failing(kmsg.SyncGroup, kerr.RebalanceInProgress, true, 1),
		"heartbeat":        failing(kmsg.Heartbeat, kerr.RebalanceInProgress, true, 1),
		"offset fetch":     failing(kmsg.OffsetFetch, kerr.CoordinatorLoadInProgress, true, 2),
		"list offsets":     failing(kmsg.ListOffsets, kerr.NotLeaderForPartition, true, 2),
		"metadata":         failing(kmsg.Metadata, kerr.LeaderNotAvailable, true, 2),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.fill(1)
			l.set(r)
			c := l.client(kgo.ConsumerGroup("sink"), kgo.ConsumeTopics("trades"), kgo.HeartbeatInterval(50*time.Millisecond))
			assert.Equal(t, []string{"0@0"}, seen(l.poll(c, 1)))
			require.Eventually(t, func() bool { return l.Status()["r0"].Met == uint64(r.Often.First) }, 10*time.Second, 10*time.Millisecond)
			l.fill(1)
			assert.Equal(t, []string{"0@1"}, seen(l.poll(c, 1)))
		})
	}
}

func TestCommitsFail(t *testing.T) {
	for name, before := range map[string]bool{"before": true, "after": false} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.fill(2)
			c := l.client(kgo.ConsumerGroup("sink"), kgo.ConsumeTopics("trades"), kgo.DisableAutoCommit())
			rs := l.poll(c, 2)
			l.set(failing(kmsg.OffsetCommit, kerr.UnknownMemberID, before, 1))
			require.ErrorIs(t, c.CommitRecords(l.within(10*time.Second), rs...), kerr.UnknownMemberID)
			c.Close()

			next := l.client(kgo.ConsumerGroup("sink"), kgo.ConsumeTopics("trades"))
			l.fill(1)
			if before {
				assert.Equal(t, []string{"0@0", "1@1", "0@2"}, seen(l.poll(next, 3)), "the broker never heard of it")
			} else {
				assert.Equal(t, []string{"0@2"}, seen(l.poll(next, 1)), "the broker has it")
			}
		})
	}
}

func TestTransactionsUnderErrors(t *testing.T) {
	for name, c := range map[string]struct {
		r    rule.Rule
		want error // of the whole transaction
	}{
		"init producer id":              {failing(kmsg.InitProducerID, kerr.CoordinatorLoadInProgress, true, 2), nil},
		"end, retried":                  {failing(kmsg.EndTxn, kerr.CoordinatorLoadInProgress, true, 2), nil},
		"end, the acknowledgement lost": {failing(kmsg.EndTxn, kerr.ConcurrentTransactions, false, 1), nil},
		"end, refused":                  {failing(kmsg.EndTxn, kerr.InvalidProducerEpoch, true, 1), kerr.InvalidProducerEpoch},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.set(c.r)
			tx := l.client(kgo.TransactionalID("tx"))
			ctx := l.within(20 * time.Second)
			require.NoError(t, tx.BeginTransaction())
			require.NoError(t, tx.ProduceSync(ctx, &kgo.Record{Topic: "trades", Value: []byte("a")}).FirstErr())
			err := tx.EndTransaction(ctx, kgo.TryCommit)
			assert.EqualValues(t, c.r.Often.First, l.Status()["r0"].Met)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				return
			}
			require.NoError(t, err)
			reader := l.client(kgo.ConsumeTopics("trades"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
			assert.Equal(t, []string{"a@0"}, seen(l.poll(reader, 1)))
		})
	}
}
