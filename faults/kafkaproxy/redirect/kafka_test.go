package redirect_test

import (
	"context"
	"maps"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/redirect"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/netns/netnstest"
)

// TestAClientThatKnowsNothingComesThroughTheProxy has a client, brokers and
// their addresses in a namespace; nothing of the client's configuration names
// the proxy.
func TestAClientThatKnowsNothingComesThroughTheProxy(t *testing.T) {
	path := netnstest.New(t)
	ns, err := netns.Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, ns.Close()) }()
	var cluster *kfake.Cluster
	require.NoError(t, ns.Do(func() (err error) {
		cluster, err = kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(3, "trades"))
		return err
	}))
	defer cluster.Close()
	for node := range int32(3) { // else one may lead none, and nobody speaks to it
		require.NoError(t, cluster.MoveTopicPartition("trades", node, node))
	}
	var ports []int
	for _, a := range cluster.ListenAddrs() {
		_, p, err := net.SplitHostPort(a)
		require.NoError(t, err)
		n, err := strconv.Atoi(p)
		require.NoError(t, err)
		ports = append(ports, n)
	}
	r, err := redirect.Open(path, ports)
	require.NoError(t, err)
	seen := &witness{}
	p, err := relay.New(relay.Config{Led: r, Faults: seen})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	defer func() {
		stop()
		assert.NoError(t, <-done)
		assert.NoError(t, r.Close())
	}()

	c, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("trades"), kgo.ClientID("unaware"),
		kgo.Dialer(func(ctx context.Context, network, address string) (c net.Conn, err error) {
			err = ns.Do(func() (err error) {
				c, err = (&net.Dialer{}).DialContext(ctx, network, address)
				return err
			})
			return c, err
		}))
	require.NoError(t, err)
	defer c.Close()
	work, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i := range 30 {
		require.NoError(t, c.ProduceSync(work, &kgo.Record{Topic: "trades", Key: []byte{byte(i)}, Value: []byte("v")}).FirstErr())
	}
	for n := 0; n < 30; {
		f := c.PollFetches(work)
		require.NoError(t, f.Err())
		n += f.NumRecords()
	}
	brokers := seen.brokers()
	for node := range int32(3) {
		assert.Contains(t, brokers, node, "which broker a connection goes to is known, though nobody told the client another address")
	}
}

// witness sees which brokers clients speak to, and changes nothing.
type witness struct {
	mu sync.Mutex
	of map[int32]bool
}

func (w *witness) Needs(l relay.Link, h frame.Header) relay.Need {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = map[int32]bool{}
	}
	w.of[l.Broker] = w.of[l.Broker] || h.ClientID == "unaware"
	return 0
}

func (w *witness) brokers() map[int32]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.of)
}

func (*witness) Request(context.Context, *relay.Exchange) relay.Action  { return relay.Action{} }
func (*witness) Response(context.Context, *relay.Exchange) relay.Action { return relay.Action{} }
func (*witness) Lost(*relay.Exchange)                                   {}
func (*witness) Shape(relay.Link, *frame.Header, *relay.Exchange, rule.Direction) *shape.Shape {
	return nil
}
