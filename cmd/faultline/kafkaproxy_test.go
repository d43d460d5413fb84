package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// proxied is `faultline kafka-proxy` in front of an embedded Kafka.
type proxied struct {
	t         *testing.T
	home      string
	bootstrap string
	control   string
	stop      func()
}

func startProxy(t *testing.T, kafka *kfake.Cluster, args ...string) *proxied {
	t.Helper()
	p := &proxied{t: t, home: t.TempDir()}
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		all := []string{"kafka-proxy", "--home", p.home, "--brokers", strings.Join(kafka.ListenAddrs(), ","), "--listen", "127.0.0.1:0"}
		code <- run(ctx, append(all, args...), in, os.Stderr)
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	said, ok := strings.CutPrefix(strings.TrimSpace(line), "kafka-proxy is ready, control: ")
	require.True(t, ok, line)
	p.control, p.bootstrap, ok = strings.Cut(said, ", bootstrap: ")
	require.True(t, ok, line)
	ended := false
	p.stop = func() {
		if ended {
			return
		}
		ended = true
		stop()
		assert.Zero(t, <-code)
	}
	t.Cleanup(p.stop)
	return p
}

func (p *proxied) client(opts ...kgo.Opt) *kgo.Client {
	p.t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(p.bootstrap))...)
	require.NoError(p.t, err)
	p.t.Cleanup(c.Close)
	return c
}

func fakeKafka(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	k, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1))...)
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

func TestTheKafkaProxySaysWhereItIsAndEndsWhenItIsTold(t *testing.T) {
	p := startProxy(t, fakeKafka(t))
	c := p.client()
	require.NoError(t, c.Ping(t.Context()))
	c.Close()
	p.stop()
	_, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.bootstrap)
	require.Error(t, err, "nobody listens any more")
}

// TestAFaultOfTheProxyIsDoneTruthfullyAndUndone asks as an agent does, and
// reads as the books do.
func TestAFaultOfTheProxyIsDoneTruthfullyAndUndone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	kafka := fakeKafka(t, kfake.SeedTopics(1, "trades"))
	log := fakeKafka(t, kfake.SeedTopics(6, "chaos.ground-truth"))
	t.Setenv("FAULTLINE_KAFKA_BROKERS", log.ListenAddrs()[0])
	p := startProxy(t, kafka)
	c := p.client(kgo.ConsumeTopics("trades"))
	trade := func() string {
		require.NoError(t, c.ProduceSync(ctx, &kgo.Record{Topic: "trades", Value: []byte(`{"price":1,"quantity":2}`)}).FirstErr())
		f := c.PollFetches(ctx)
		require.NoError(t, f.Err())
		return string(f.Records()[0].Value)
	}
	assert.Equal(t, `{"price":1,"quantity":2}`, trade())

	d := kafkaproxy.Driver("kafka.corrupt")
	r, err := d.Plan(ctx, spec.Fault{Kind: d.Kind.Name, Target: "proxy", With: map[string]string{"type": "price_value_swap", "topic": "trades"}},
		spec.Target{KafkaProxy: &spec.KafkaProxy{Control: p.control}})
	require.NoError(t, err)
	r.ID, r.Experiment, r.Step, r.Expires = "x/swap", "x", "swap", ledger.Boottime()+time.Minute
	require.NoError(t, d.Inject(ctx, r))
	assert.Equal(t, `{"price":2,"quantity":1}`, trade())
	require.NoError(t, d.Rollback(ctx, r))
	got, err := d.Probe(ctx, r)
	require.NoError(t, err)
	assert.Equal(t, faults.Absent, got)
	assert.Equal(t, `{"price":1,"quantity":2}`, trade())
	p.stop()

	chaos, err := bus.Open(bus.Config{Brokers: log.ListenAddrs()}, nil)
	require.NoError(t, err)
	defer func() { assert.NoError(t, chaos.Close()) }()
	said := map[uint64]string{} // by number: what is repeated counts once
	done, enough := context.WithCancel(ctx)
	defer enough()
	err = chaos.Read(done, chaos.Topics().GroundTruth, nil, func(records []bus.Record) error {
		for _, rec := range records {
			f, err := handlers.ReadTruth(rec)
			require.NoError(t, err)
			if f.Entries != nil {
				for _, e := range f.Entries.Entries {
					said[e.Seq] = e.What
					assert.Equal(t, int64(1), e.Offset)
				}
			}
			if f.Closed != nil {
				assert.Equal(t, "x/swap", f.Closed.ID)
				assert.Equal(t, uint64(1), f.Closed.Written)
				enough()
			}
		}
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, map[uint64]string{1: "price_value_swap"}, said)
}

func TestAFaultGivenAtTheStart(t *testing.T) {
	kafka := fakeKafka(t, kfake.SeedTopics(1, "trades"))
	p := startProxy(t, kafka, "--fault", "kafka.error code=TOPIC_AUTHORIZATION_FAILED api=Produce topic=trades")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := p.client().ProduceSync(ctx, &kgo.Record{Topic: "trades", Value: []byte("v")}).FirstErr()
	require.ErrorContains(t, err, "TOPIC_AUTHORIZATION_FAILED")
}
