package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/roottest"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// TestAFaultOfTheProxyNeverStays runs the real agent, its reaper and the real
// proxy as processes, and a client through the proxy.
func TestAFaultOfTheProxyNeverStays(t *testing.T) {
	binary := buildLight(t)
	for name, test := range map[string]func(*road){
		"a killed agent's reaper lifts it":      agentKilled,
		"of a frozen agent it lapses":           agentFrozen,
		"a halt lifts it":                       allHalted,
		"a frozen proxy is not said to be well": proxyFrozen,
		"a killed proxy takes it along":         proxyKilled,
		"a full disk touches no record":         diskFull,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			test(newRoad(t, binary))
		})
	}
}

const (
	whole   = `{"price":1,"quantity":2}`
	swapped = `{"price":2,"quantity":1}`
)

func agentKilled(r *road) {
	a := r.agent()
	r.corrupt()
	before := time.Now()
	if err := a.cmd.Process.Kill(); err != nil {
		r.t.Fatal(err)
	}
	r.until("the proxy is a plain one", r.plain)
	took := time.Since(before)
	r.t.Logf("SIGKILL of the agent to the fault gone: %s", took)
	if took > time.Second {
		r.t.Errorf("it took %s, want less than a second: its lease alone is longer", took)
	}
	r.passes(whole)
	r.undone("agent_restart")
}

// agentFrozen: its reaper waits for longer than the lease of the fault, so that
// the proxy alone ends it; the reaper finds it gone.
func agentFrozen(r *road) {
	a := r.agent("--silence", "5m")
	r.corrupt()
	if err := a.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		r.t.Fatal(err)
	}
	before := time.Now()
	r.until("the proxy is a plain one", r.plain)
	took := time.Since(before)
	r.t.Logf("SIGSTOP of the agent to the fault gone: %s", took)
	if took > 12*time.Second {
		r.t.Errorf("it took %s, want no longer than its lease of 10 s", took)
	}
	r.passes(whole)
	if live, err := r.ledger.Live(r.t.Context()); err != nil || len(live) != 1 {
		r.t.Errorf("the ledger has %d receipts, %v; want the one that nobody undid yet", len(live), err)
	}
	if err := a.cmd.Process.Kill(); err != nil {
		r.t.Fatal(err)
	}
	r.undone("agent_restart")
	r.passes(whole)
}

func allHalted(r *road) {
	r.agent()
	r.corrupt()
	r.says(r.run(0, "halt", "--all"), "AGENT", "a      1       0")
	if !r.plain() {
		r.t.Error("it answered, and the fault is there")
	}
	r.passes(whole)
	r.undone("halt")
}

// proxyFrozen: nobody can say what passes it once it goes on, so nobody says
// that the fault is gone.
func proxyFrozen(r *road) {
	r.agent()
	r.corrupt()
	r.signal(syscall.SIGSTOP)
	out := r.run(4, "halt", "e1", "--within", "2s")
	if strings.Contains(out, "a      1       0") {
		r.t.Errorf("it is said to be undone:\n%s", out)
	}
	if live, err := r.ledger.Live(r.t.Context()); err != nil || len(live) != 1 {
		r.t.Errorf("the ledger has %d receipts, %v; want the one of the fault", len(live), err)
	}
	r.signal(syscall.SIGCONT)
	r.undone("halt")
	r.passes(whole)
}

// proxyKilled: to its clients it is a connection loss, and no more.
func proxyKilled(r *road) {
	r.agent()
	r.corrupt()
	r.signal(syscall.SIGKILL)
	_ = r.proxy.Wait()
	r.undone("failure")
	r.start()
	r.passes(whole)
	if !r.plain() {
		r.t.Error("the next life has the fault")
	}
}

// diskFull: what cannot be noted is not done.
func diskFull(r *road) {
	disk := filepath.Join(r.home, "small")
	if err := os.Mkdir(disk, 0o700); err != nil {
		r.t.Fatal(err)
	}
	roottest.Disk(r.t, disk, "512k")
	r.signal(syscall.SIGTERM)
	_ = r.proxy.Wait()
	r.state = disk
	r.start()
	r.t.Cleanup(func() {
		r.signal(syscall.SIGKILL)
		_ = r.proxy.Wait()
	})
	r.agent()
	r.corrupt()
	filler := filepath.Join(disk, "filler")
	fillDisk(r.t, filler)
	// What stands in a page that is on disk already may still be noted.
	for last, n := swapped, 0; last == swapped; n++ {
		if last = r.trade(); n > 10_000 {
			r.t.Fatal("the journal goes on on a full disk")
		}
	}
	for range 20 {
		r.passes(whole)
	}
	all := r.status().Faults
	if len(all) != 1 || all[0].Count == nil || all[0].Count.Skipped < 20 || len(all[0].Count.Why) == 0 {
		r.t.Errorf("what it skipped is not told: %+v", all)
	} else {
		r.t.Logf("touched %d, skipped %d: %v", all[0].Count.Touched, all[0].Count.Skipped, all[0].Count.Why)
	}
	if err := os.Remove(filler); err != nil {
		r.t.Fatal(err)
	}
	r.until("records are touched again", func() bool { return r.trade() == swapped })
	fillDisk(r.t, filler)
	r.says(r.run(0, "halt", "--all"), "a      1       0")
	r.passes(whole)
}

func fillDisk(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 512))
	}
	_ = f.Close()
}

// road is a field with a proxy on it, whose clients trade.
type road struct {
	*field
	kafka  *kfake.Cluster
	listen string
	state  string
	proxy  *exec.Cmd
	client *kgo.Client
}

func newRoad(t *testing.T, binary string) *road {
	t.Helper()
	r := &road{field: newField(t, binary), kafka: fakeKafka(t, kfake.SeedTopics(1, "trades")), listen: "127.0.0.1:0"}
	r.state = r.home
	r.start()
	t.Cleanup(func() {
		_ = r.proxy.Process.Kill()
		_ = r.proxy.Wait()
	})
	var err error
	r.client, err = kgo.NewClient(kgo.SeedBrokers(r.listen), kgo.ConsumeTopics("trades"), kgo.MetadataMinAge(50*time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.Close)
	r.passes(whole)
	return r
}

func (r *road) control() string { return "unix://" + filepath.Join(r.home, control.SocketFile) }

// start starts the proxy, where it was if it was there before.
func (r *road) start() {
	r.t.Helper()
	r.proxy = exec.Command(r.binary, "--home", r.home, "kafka-proxy", "--brokers", strings.Join(r.kafka.ListenAddrs(), ","), //nolint:gosec,noctx // ended by who started it
		"--listen", r.listen, "--state", r.state, "--control", r.control(), "--record", filepath.Join(r.home, "proxy.json"))
	r.proxy.Stderr = os.Stderr
	out, err := r.proxy.StdoutPipe()
	if err == nil {
		err = r.proxy.Start()
	}
	require.NoError(r.t, err)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(r.t, err)
	_, r.listen, _ = strings.Cut(strings.TrimSpace(line), "bootstrap: ")
}

// signal is by the record that the proxy writes of itself.
func (r *road) signal(sig syscall.Signal) {
	r.t.Helper()
	rec, err := process.Read(filepath.Join(r.home, "proxy.json"))
	if err == nil {
		err = process.Signal(rec, sig)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// agent starts one that may break the proxy, too.
func (r *road) agent(more ...string) *agentProcess {
	r.t.Helper()
	a := r.field.agent(more...)
	text, err := os.ReadFile(r.platform())
	require.NoError(r.t, err)
	text = fmt.Appendf(text, "  proxy: {kafka_proxy: {control: %q}}\n", r.control())
	require.NoError(r.t, os.WriteFile(r.platform(), text, 0o600))
	return a
}

// corrupt has each trade corrupted, for experiment e1.
func (r *road) corrupt() {
	r.t.Helper()
	q := r.request("e1")
	q.Fault = spec.Fault{Kind: "kafka.corrupt", Target: "proxy", With: map[string]string{"type": "price_value_swap", "topic": "trades"}}
	reply, err := r.connect(halt.RoleController).Inject(r.t.Context(), "a", q)
	if err != nil || reply.State != halt.Working {
		r.t.Fatalf("got %+v, %v", reply, err)
	}
	r.until("the fault is in force", func() bool { return !r.plain() })
	r.passes(swapped)
}

func (r *road) status() control.Status {
	r.t.Helper()
	s, err := control.Client{Address: r.control()}.Status(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r *road) plain() bool { return len(r.status().Faults) == 0 }

// passes sends a trade and says as what it comes.
func (r *road) passes(want string) {
	r.t.Helper()
	if got := r.trade(); got != want {
		r.t.Errorf("%s came as %s, want %s", whole, got, want)
	}
}

// trade sends one and gives what comes.
func (r *road) trade() string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(r.t, r.client.ProduceSync(ctx, &kgo.Record{Topic: "trades", Value: []byte(whole)}).FirstErr())
	for {
		f := r.client.PollFetches(ctx)
		require.NoError(r.t, f.Err0())
		if all := f.Records(); len(all) > 0 {
			require.Len(r.t, all, 1)
			return string(all[0].Value)
		}
	}
}

// undone waits for the ledger to have the fault undone, for a reason.
func (r *road) undone(cause string) {
	r.t.Helper()
	var found ledger.Tombstone
	r.until("the fault is undone", func() bool {
		t, ok, err := r.ledger.Tombstone("e1/s")
		found = t
		return err == nil && ok
	})
	if found.Cause != cause {
		text, _ := json.Marshal(found)
		r.t.Errorf("it was undone for %s, want %s", text, cause)
	}
}
