package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/spec"
)

// startSandbox starts one. end ends it, as the test does.
func startSandbox(t *testing.T, home string, args ...string) (end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"sandbox", "up", "--home", home}, args...)...) //nolint:gosec,noctx // this test's own binary; end ends it
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait())
	}
	t.Cleanup(end)
	return end
}

// checkProxyReturns kills the proxy of a sandbox by the record that its target
// names. Its clients find the next one where it was.
func (l *life) checkProxyReturns() {
	l.t.Helper()
	p, err := readPlatform(l.file)
	require.NoError(l.t, err)
	target, ok := p.Target("kafka-proxy-process")
	require.True(l.t, ok)
	rec, err := process.Read(target.Process.Record)
	require.NoError(l.t, err)
	require.NoError(l.t, process.Signal(rec, syscall.SIGKILL))
	counted := func() (n int) {
		l.scan(sink.Namespace, sink.Table, lake.ScanOptions{Columns: []string{"trade_id"}}, func(lake.Row) error { n++; return nil })
		return n
	}
	before := counted()
	var again process.Record
	require.Eventually(l.t, func() bool {
		again, err = process.Read(service.RecordPath(l.home, sandbox.ProxyName))
		return err == nil && again.PID != rec.PID && again.Alive()
	}, 20*time.Second, 20*time.Millisecond, "nobody started it again")
	assert.Equal(l.t, rec.Addr, again.Addr)
	assert.Eventually(l.t, func() bool { return counted() > before+400 }, 30*time.Second, 200*time.Millisecond, "no trade passes it")
}

func TestASandboxHasLinksOnlyIfItIsAskedTo(t *testing.T) {
	described := func(a sandbox.Addresses) spec.Platform {
		p, ok := platform("/h", a, k2.Given{}).(spec.Platform)
		require.True(t, ok)
		return p
	}
	assert.NotContains(t, described(sandbox.Addresses{}).Targets, spec.TargetName("store-links"))
	p := described(sandbox.Addresses{Registry: "r:1", Kafka: "k:1", Links: map[string]string{k2.SinkStoreLink: "l:1", k2.QueryStoreLink: "l:2"}})
	assert.Equal(t, []spec.TargetName{"query-store-link", "sink-store-link"}, p.Reach("store-links"))
	assert.Equal(t, &spec.Link{Control: "unix:///h/sandbox/links.sock", Name: "query-to-store", From: "query", To: "store"}, p.Targets["query-store-link"].Link)
	text, err := json.Marshal(p)
	require.NoError(t, err)
	_, problems := spec.ParsePlatform(text)
	assert.Empty(t, problems)
}

func TestASandboxHasAProxyOnlyIfItIsAskedTo(t *testing.T) {
	described := func(a sandbox.Addresses) spec.Platform {
		p, ok := platform("/h", a, k2.Given{}).(spec.Platform)
		require.True(t, ok)
		return p
	}
	without := described(sandbox.Addresses{Kafka: "k:1"})
	with := described(sandbox.Addresses{Kafka: "k:1", Proxy: "p:1"})
	assert.NotContains(t, without.Targets, spec.TargetName("kafka-proxy"))
	assert.NotContains(t, without.Services, "kafka_proxy")
	assert.Equal(t, "unix:///h/sandbox/kafka-proxy.sock", with.Targets["kafka-proxy"].KafkaProxy.Control)
	assert.Equal(t, "/h/sandbox/kafka-proxy.json", with.Targets["kafka-proxy-process"].Process.Record)
	assert.Equal(t, spec.Health{Kafka: "p:1", Needs: "kafka-proxy"}, with.Services["kafka_proxy"])
	assert.Equal(t, "k:1", with.Metrics["consumer_lag"].Kafka.Brokers[0], "what is measured is not what is broken")
}
