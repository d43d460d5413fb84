//go:build e2e

package proxy_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// fromEnv is what e2e/servers/three.sh tells.
func fromEnv(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	require.NotEmpty(t, value, "%s is not set: run make e2e-proxy, or e2e/servers/three.sh go test -tags e2e ./e2e/proxy", name)
	return value
}

func brokers(t *testing.T, name string) []string {
	t.Helper()
	all := strings.Split(fromEnv(t, name), ",")
	require.Len(t, all, 3, name)
	return all
}

// proxy is a running faultline kafka-proxy.
type proxy struct {
	bootstrap string
	home      string   // its state folder
	brokers   []string // that it stands before
	log       *syncBuffer
}

// startProxy starts the built program before brokers, and ends it with the
// test.
func startProxy(t *testing.T, brokers []string, more ...string) proxy {
	t.Helper()
	program, err := filepath.Abs("../../bin/faultline")
	require.NoError(t, err)
	home, err := os.MkdirTemp("", "kafka-proxy") //nolint:usetesting // it must be short: a socket is in it
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(home)) })
	p := proxy{home: home, brokers: brokers, log: &syncBuffer{}}
	args := append([]string{"kafka-proxy", "--home", home, "--brokers", strings.Join(brokers, ","), "--listen", "127.0.0.1:0"}, more...)
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // the program under test; the cleanup ends it
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "the proxy ends when it is asked to: %s", p.log)
		if t.Failed() {
			t.Logf("log of the proxy:\n%s", p.log)
		}
	})
	require.Eventually(t, func() bool { return strings.Contains(p.log.String(), "is ready") }, patience, 10*time.Millisecond, "the proxy serves: %s", p.log)
	_, after, _ := strings.Cut(p.log.String(), "bootstrap: ")
	p.bootstrap = strings.Fields(after)[0]
	return p
}

// addresses are those of its listeners for brokers, in the order of their ids.
func (p proxy) addresses(t *testing.T) (all []string) {
	t.Helper()
	look := franz{options: options{bootstrap: []string{p.bootstrap}, prefix: "look"}}
	require.NoError(t, look.with(func(ctx context.Context, c *kgo.Client) error {
		m, err := kadm.NewClient(c).BrokerMetadata(ctx)
		slices.SortFunc(m.Brokers, func(a, b kadm.BrokerDetail) int { return cmp.Compare(a.NodeID, b.NodeID) })
		all = addresses(m.Brokers)
		return err
	}))
	require.Len(t, all, 3)
	for _, b := range p.brokers {
		require.NotContains(t, all, b, "the proxy tells an address of a broker")
	}
	return all
}

// fresh makes a prefix that was never used on these brokers.
func fresh(name string) string { return fmt.Sprintf("%s-%d", name, time.Now().UnixMilli()) }

// program is a client that runs as a process of its own.
type program struct {
	name string
	argv []string
	env  []string
}

// programs builds what is to be built of them.
func programs(t *testing.T) []program {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cache := fromEnv(t, "E2E_CACHE")
	classes, jars := t.TempDir(), filepath.Join(cache, "maven", "kafka", "target", "dependency", "*")
	python := strings.TrimSpace(run(t, "../readers/venv.sh", "clients/librdkafka.txt"))
	run(t, "javac", "-cp", jars, "-d", classes, "clients/JavaClient.java", "clients/JavaObserver.java", "clients/JavaShape.java")
	return []program{
		{"franz-go", []string{self, "franz-go"}, []string{clientVariable + "=1"}},
		{"sarama", []string{self, "sarama"}, []string{clientVariable + "=1"}},
		{"librdkafka", []string{python, "clients/librdkafka.py"}, nil},
		{"java", []string{"java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.configurationFile=clients/log4j2.properties", "-cp", classes + ":" + jars, "JavaClient"}, nil},
	}
}

// run runs a program to its end and returns what it prints.
func run(t *testing.T, argv ...string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	var out, log bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // this project's own scripts, and compilers
	cmd.Stdout, cmd.Stderr = &out, &log
	require.NoError(t, cmd.Run(), "%s: %s", argv[0], &log)
	return out.String()
}

// longestLife is that of a client; after it something hangs.
const longestLife = 10 * time.Minute

// start starts a client at a bootstrap address.
func (p program) start(t *testing.T, bootstrap, prefix string, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), longestLife)
	args = append(append(p.argv[1:len(p.argv):len(p.argv)], "--bootstrap", bootstrap, "--prefix", prefix), args...)
	r := &running{prefix: prefix, cmd: exec.CommandContext(ctx, p.argv[0], args...), stop: stop} //nolint:gosec // the clients of this folder
	r.cmd.Stdout, r.cmd.Stderr, r.cmd.Env = &r.out, &r.log, append(os.Environ(), p.env...)
	require.NoError(t, r.cmd.Start())
	r.watch = watchSockets(r.cmd.Process.Pid)
	t.Cleanup(func() { stop() })
	return r
}

// running is a client that was started.
type running struct {
	prefix   string
	cmd      *exec.Cmd
	stop     context.CancelFunc
	out, log syncBuffer
	watch    func() map[string]bool
	reached  map[string]bool // whom it had connections to, host and port; once it has ended
}

// end waits until it has ended by itself.
func (r *running) end(t *testing.T) {
	t.Helper()
	err := r.cmd.Wait()
	r.reached = r.watch()
	r.stop()
	require.NoError(t, err, "%s", &r.log)
}

// alone says that it had connections to the proxy, and to nobody else.
func (r *running) alone(t *testing.T, p proxy) {
	t.Helper()
	allowed := append(p.addresses(t), p.bootstrap)
	require.GreaterOrEqual(t, len(r.reached), 3, "connections of the client were seen: %v", r.reached)
	for address := range r.reached {
		require.Contains(t, allowed, address, "the client went past the proxy")
	}
}
