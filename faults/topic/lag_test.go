package topic_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/topic"
	"github.com/k2-platform/faultline/spec"
)

const limit = 1024.0

// behind is a cluster of three brokers that tell of the sink's quota what was so
// a while ago, each by its own lag; one below 0 says nothing.
type behind struct {
	world
	driver  topic.Driver
	receipt faults.Receipt
	lags    map[int32]time.Duration

	mu      sync.Mutex
	history []turn
	altered func() // after each change; nil: nothing
}

// turn is since when the limit was in force, or was not.
type turn struct {
	at time.Time
	on bool
}

func newBehind(t *testing.T, lags map[int32]time.Duration) *behind {
	t.Helper()
	w := worldOf(t, 3, 1)
	b := &behind{
		world:  w,
		driver: topic.Driver{Kind: "cluster.quota"}, lags: lags, history: []turn{{}},
	}
	w.cluster.ControlKey(int16(kmsg.AlterClientQuotas), b.alter)
	w.cluster.ControlKey(int16(kmsg.DescribeClientQuotas), b.tell)
	b.receipt = b.plan(b.driver, spec.Fault{Kind: b.driver.Kind, With: map[string]string{"client_id": "sink", "consumer_byte_rate": "1024"}}, w.brokers)
	return b
}

func (b *behind) alter(req kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // kfake's order
	b.mu.Lock()
	defer b.mu.Unlock()
	alter := req.(*kmsg.AlterClientQuotasRequest)
	b.history = append(b.history, turn{time.Now(), !alter.Entries[0].Ops[0].Remove})
	if b.altered != nil {
		b.altered()
	}
	return nil, nil, false
}

func (b *behind) tell(req kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // kfake's order
	b.cluster.KeepControl()
	if b.lags[b.cluster.CurrentNode()] < 0 {
		return nil, nil, true // no answer, ever
	}
	describe := req.(*kmsg.DescribeClientQuotasRequest)
	resp := describe.ResponseKind().(*kmsg.DescribeClientQuotasResponse)
	if b.asOf(time.Now().Add(-b.lags[b.cluster.CurrentNode()])) {
		resp.Entries = []kmsg.DescribeClientQuotasResponseEntry{{
			Entity: []kmsg.DescribeClientQuotasResponseEntryEntity{{Type: "client-id", Name: new("sink")}},
			Values: []kmsg.DescribeClientQuotasResponseEntryValue{{Key: "consumer_byte_rate", Value: limit}},
		}}
	}
	return resp, nil, true
}

func (b *behind) asOf(when time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	on := false
	for _, turn := range b.history {
		if !turn.at.After(when) {
			on = turn.on
		}
	}
	return on
}

// injectAndDie is what an injection leaves whose process ended as soon as the
// controller had acknowledged it.
func (b *behind) injectAndDie() {
	b.Helper()
	entity := kadm.ClientQuotaEntity{{Type: "client-id", Name: new("sink")}}
	_, err := b.admin.AlterClientQuotas(b.Context(), []kadm.AlterClientQuotaEntry{{Entity: entity, Ops: []kadm.AlterClientQuotaOp{{Key: "consumer_byte_rate", Value: limit}}}})
	require.NoError(b, err)
}

// neverAgain: no broker has the fault, nor has one yet to hear of it.
func (b *behind) neverAgain() {
	b.Helper()
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, lag := range b.lags {
		for i, turn := range b.history {
			if turn.on {
				require.Less(b, i+1, len(b.history), "nothing ended the fault")
				assert.False(b, b.history[i+1].at.After(now.Add(-lag)), "broker %d, %s behind, has yet to hear that the fault ended", id, lag)
			}
		}
	}
}

// TestRollbackWaitsForBrokersThatLag: none of them has heard of the fault when it is
// undone, and all say that it is not there.
func TestRollbackWaitsForBrokersThatLag(t *testing.T) {
	for name, lags := range map[string]map[int32]time.Duration{
		"all":        {0: 300 * time.Millisecond, 1: 300 * time.Millisecond, 2: 300 * time.Millisecond},
		"one of all": {0: 0, 1: 0, 2: 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBehind(t, lags)
			b.injectAndDie()
			require.NoError(t, b.driver.Rollback(t.Context(), b.receipt))
			b.neverAgain()
		})
	}
}

// TestWhatAllBrokersShowedIsNotWaitedFor: they have heard of it, and so of its end.
func TestWhatAllBrokersShowedIsNotWaitedFor(t *testing.T) {
	b := newBehind(t, nil)
	require.NoError(t, b.driver.Inject(t.Context(), b.receipt))
	require.NoError(t, b.driver.Rollback(t.Context(), b.receipt))
	assert.Less(t, time.Since(b.history[len(b.history)-1].at), time.Second)
}

func TestAFaultIsThereAsLongAsAnyBrokerHasIt(t *testing.T) {
	b := newBehind(t, map[int32]time.Duration{1: time.Hour})
	b.history = []turn{{on: true}, {at: time.Now(), on: false}}
	for range 5 {
		b.is(b.driver, b.receipt, faults.Present)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	require.Error(t, b.driver.Rollback(ctx, b.receipt))
}

// TestAnInterruptedInjectionIsSeen before it returns, so that who undoes it finds it.
func TestAnInterruptedInjectionIsSeen(t *testing.T) {
	lag := 300 * time.Millisecond
	b := newBehind(t, map[int32]time.Duration{0: lag, 1: lag, 2: lag})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	b.altered = stop
	require.ErrorIs(t, b.driver.Inject(ctx, b.receipt), context.Canceled)
	b.is(b.driver, b.receipt, faults.Present)
}

// TestABrokerThatIsSilentHoldsUpNothing: the others can tell.
func TestABrokerThatIsSilentHoldsUpNothing(t *testing.T) {
	b := newBehind(t, nil)
	b.lags = map[int32]time.Duration{2: -1}
	ctx, stop := context.WithTimeout(t.Context(), 9*time.Second) // before the client itself gives up
	defer stop()
	got, err := b.driver.Probe(ctx, b.receipt)
	require.NoError(t, err)
	assert.Equal(t, faults.Absent, got)
	b.history = []turn{{on: true}}
	got, err = b.driver.Probe(ctx, b.receipt)
	require.NoError(t, err)
	assert.Equal(t, faults.Present, got)
}
