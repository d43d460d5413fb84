package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/spec"
)

// TestAProxyThatDiesUnderItsFault is killed in the middle of a run. To its
// clients that is a connection loss; to the experiment a fault that went by
// itself, so that nothing is proven.
func TestAProxyThatDiesUnderItsFault(t *testing.T) {
	kafka, err := embedded.StartKafka(embedded.KafkaConfig{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, kafka.Close()) }()
	l := newLife(t)
	proxy := &proxyProcess{t: t, home: l.home, kafka: kafka.Addr(), listen: "127.0.0.1:0"}
	proxy.start()
	defer proxy.kill()
	text, err := os.ReadFile(l.file)
	require.NoError(t, err)
	more := fmt.Sprintf("targets:\n  proxy: {kafka_proxy: {control: %q}}\n", proxy.control())
	require.NoError(t, os.WriteFile(l.file, []byte(strings.Replace(string(text), "targets:\n", more, 1)), 0o600))
	numbers := count(t, proxy.listen)

	l.up()
	b := l.open()
	defer func() { require.NoError(t, b.Close()) }()
	d := control()
	d.Steps[0].Fault = spec.Fault{Kind: "kafka.delay", Target: "proxy", With: map[string]string{"delay": "20ms"}}
	d.Steps[0].For = spec.Duration(time.Minute)
	l.send(b, "1", "died", commands.Schedule{Document: d})
	l.await(b, "died", func(s experiment.State) bool { return s.Phase == experiment.Injected })
	proxy.kill()
	s := l.await(b, "died", over)
	assert.Equal(t, experiment.Concluded, s.Phase, "nothing is stuck")
	assert.Equal(t, events.Inconclusive, s.Verdict, s.Reasons)
	assert.Equal(t, []string{"failure: the fault went before its planned end"}, s.Reasons)

	proxy.start()
	numbers()
	l.down()
}

// proxyProcess is the real proxy, at one address in all of its lives.
type proxyProcess struct {
	t                   *testing.T
	home, kafka, listen string
	cmd                 *exec.Cmd
}

func (p *proxyProcess) control() string { return "unix://" + filepath.Join(p.home, "proxy.sock") }

func (p *proxyProcess) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Getenv("FAULTLINE"), "kafka-proxy", "--home", p.home, "--brokers", p.kafka, "--listen", p.listen, "--control", p.control()) //nolint:gosec,noctx // kill ends it
	out, err := p.cmd.StdoutPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, p.cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(p.t, err)
	_, p.listen, _ = strings.Cut(strings.TrimSpace(line), "bootstrap: ")
}

// kill ends it the hard way, once.
func (p *proxyProcess) kill() {
	if p.cmd == nil {
		return
	}
	require.NoError(p.t, p.cmd.Process.Kill())
	_ = p.cmd.Wait() // it was killed
	p.cmd = nil
}

// count produces numbers one after the other, and consumes them. done says
// that each was acknowledged and came once, in order, and that some did after
// it was asked.
func count(t *testing.T, bootstrap string) (done func()) {
	t.Helper()
	const topic = "numbers"
	c, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ConsumeTopics(topic),
		kgo.MetadataMinAge(50*time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }))
	require.NoError(t, err)
	_, err = kadm.NewClient(c).CreateTopic(t.Context(), 1, 1, nil, topic)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var produces, consumes sync.WaitGroup
	var mu sync.Mutex
	sent, came := 0, []string(nil)
	produces.Go(func() {
		for ctx.Err() == nil {
			// Not bound to ctx: each is answered for.
			if err := c.ProduceSync(context.WithoutCancel(ctx), &kgo.Record{Topic: topic, Value: fmt.Append(nil, sent)}).FirstErr(); err != nil {
				t.Errorf("a client sees more than a connection loss: %v", err)
			}
			mu.Lock()
			sent++
			mu.Unlock()
		}
	})
	consumes.Go(func() {
		for {
			f := c.PollFetches(context.WithoutCancel(ctx))
			if f.IsClientClosed() {
				return
			}
			mu.Lock()
			f.EachRecord(func(r *kgo.Record) { came = append(came, string(r.Value)) })
			mu.Unlock()
		}
	})
	at := func() (int, int) {
		mu.Lock()
		defer mu.Unlock()
		return sent, len(came)
	}
	require.Eventually(t, func() bool { _, n := at(); return n > 10 }, 20*time.Second, 20*time.Millisecond)
	return func() {
		before, _ := at()
		assert.Eventually(t, func() bool { n, _ := at(); return n > before+20 }, 20*time.Second, 20*time.Millisecond, "its clients do not go on")
		stop()
		produces.Wait() // the last one is answered for, too
		assert.Eventually(t, func() bool { all, n := at(); return n >= all }, 20*time.Second, 20*time.Millisecond, "some never came")
		c.Close()
		consumes.Wait()
		for i, v := range came {
			assert.Equal(t, fmt.Sprint(i), v)
		}
		assert.Equal(t, sent, len(came)) //nolint:testifylint // thousands, which nobody reads in a message
	}
}
