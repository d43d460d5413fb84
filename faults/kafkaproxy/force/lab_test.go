package force_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults/kafkaproxy/force"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

// lab is three brokers, the relay before them, and an engine in it.
type lab struct {
	*harness
	brokers *kfake.Cluster
	addr    string
	direct  *kgo.Client // past the proxy
}

func newLab(t *testing.T) *lab {
	t.Helper()
	j := &journal{}
	l := newLabOf(t, force.Options{Journal: j, Corrupter: shout{}})
	l.journal = j
	return l
}

func newLabOf(t *testing.T, o force.Options) *lab {
	t.Helper()
	brokers, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(1, "trades"))
	require.NoError(t, err)
	t.Cleanup(brokers.Close)
	l := &lab{harness: &harness{T: t}, brokers: brokers}
	l.direct, err = kgo.NewClient(kgo.SeedBrokers(brokers.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	t.Cleanup(l.direct.Close)
	o.Duplicate = func(ctx context.Context, topic string, partition int32, batch []byte) error {
		r := &kgo.Record{Topic: topic, Partition: partition, Value: []byte(values(t, batch)[0])}
		return l.direct.ProduceSync(ctx, r).FirstErr()
	}
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	l.Engine = force.New(o)
	proxy, err := relay.New(relay.Config{
		Brokers: brokers.ListenAddrs(), Faults: l.Engine,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- proxy.Run(ctx) }()
	t.Cleanup(func() {
		l.set() // nothing waits for a fault any more
		cancel()
		assert.NoError(t, <-done)
	})
	l.addr = proxy.Addr()
	return l
}

func (l *lab) client(opts ...kgo.Opt) *kgo.Client {
	l.Helper()
	// by default it waits 5 s for the next metadata
	quick := []kgo.Opt{
		kgo.SeedBrokers(l.addr), kgo.ClientID("app"), kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }),
	}
	c, err := kgo.NewClient(append(quick, opts...)...)
	require.NoError(l, err)
	l.Cleanup(c.Close)
	return c
}

// plain is a producer without sequence numbers.
func (l *lab) plain(opts ...kgo.Opt) *kgo.Client {
	return l.client(append([]kgo.Opt{kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(1)}, opts...)...)
}

func (l *lab) within(d time.Duration) context.Context {
	l.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	l.Cleanup(cancel)
	return ctx
}

// fill appends records past the proxy: their values are 0, 1, …
func (l *lab) fill(n int) {
	l.Helper()
	var rs []*kgo.Record
	for i := range n {
		rs = append(rs, &kgo.Record{Topic: "trades", Value: []byte(strconv.Itoa(i))})
	}
	require.NoError(l, l.direct.ProduceSync(l.within(20*time.Second), rs...).FirstErr())
}

// log is what the brokers hold.
func (l *lab) log(n int) []string {
	l.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(l.brokers.ListenAddrs()...), kgo.ConsumeTopics("trades"))
	require.NoError(l, err)
	defer c.Close()
	return seen(l.poll(c, n))
}

// poll takes n records.
func (l *lab) poll(c *kgo.Client, n int) []*kgo.Record {
	l.Helper()
	var out []*kgo.Record
	ctx := l.within(20 * time.Second)
	for len(out) < n {
		f := c.PollFetches(ctx)
		require.NoError(l, ctx.Err(), "%d of %d records came", len(out), n)
		out = append(out, f.Records()...)
	}
	return out
}

// seen is what an application sees of records: value@offset.
func seen(rs []*kgo.Record) []string {
	var out []string
	for _, r := range rs {
		out = append(out, fmt.Sprintf("%s@%d", r.Value, r.Offset))
	}
	return out
}

// one produces a record and gives its offset.
func (l *lab) one(c *kgo.Client, value string) (int64, error) {
	l.Helper()
	r := &kgo.Record{Topic: "trades", Value: []byte(value)}
	err := c.ProduceSync(l.within(20*time.Second), r).FirstErr()
	return r.Offset, err
}

// batchOf produces records in one batch.
func (l *lab) batchOf(c *kgo.Client, of ...string) {
	l.Helper()
	var rs []*kgo.Record
	for _, v := range of {
		rs = append(rs, &kgo.Record{Topic: "trades", Value: []byte(v)})
	}
	require.NoError(l, c.ProduceSync(l.within(20*time.Second), rs...).FirstErr())
}
