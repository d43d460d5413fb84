//go:build failpoint

package matrix_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/failpoint"
	"github.com/k2-platform/faultline/spec"
)

// world is one of everything, for one run: Kafka, NATS, the controller, an
// agent with its reaper, and a target.
type world struct {
	t               *testing.T
	dir             string
	home, agentHome string // disks of their own
	points          string
	light, heavy    string
	kafka           string
	target          *target
	fault           spec.Fault // of the target
	parts           map[string]*part
}

func newWorld(t *testing.T, x *target, f spec.Fault) *world {
	t.Helper()
	dir := t.TempDir()
	bin := os.Getenv(binariesVariable)
	w := &world{
		t: t, dir: dir, home: filepath.Join(dir, "home"), agentHome: filepath.Join(dir, "agent"), points: filepath.Join(dir, "points"),
		light: filepath.Join(bin, "faultline"), heavy: filepath.Join(bin, "faultlined"), parts: map[string]*part{},
		target: x, fault: f,
	}
	require.NoError(t, os.MkdirAll(w.points, 0o700))
	for _, disk := range []string{w.home, w.agentHome} {
		w.mount(disk)
	}
	t.Cleanup(w.tell)
	host := w.ownAddress()
	w.start(&part{
		name: "kafka", rest: away,
		argv: []string{w.heavy, "sandbox", "--home", filepath.Join(dir, "kafka"), "broker", "--kafka-listen", host + ":9092"},
	})
	self, err := os.Executable()
	require.NoError(t, err)
	natsDir := filepath.Join(dir, "nats")
	w.start(&part{name: "nats", argv: []string{self, "nats", natsDir, host + ":4222"}, rest: away})
	w.kafka = w.awaitFile(filepath.Join(dir, "kafka", "sandbox", "kafka.addr"))
	addr := w.awaitFile(filepath.Join(natsDir, "addr"))
	platform := w.describe()
	settings, err := json.Marshal(map[string]any{
		"kafka":    map[string]any{"brokers": []string{w.kafka}},
		"nats":     map[string]any{"url": "nats://" + addr, "lease": lease.String()},
		"platform": platform,
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "faultline.yaml"), settings, 0o600)) // JSON is YAML
	ledger := filepath.Join(w.agentHome, "ledger")
	w.start(&part{
		name: "agent", rest: agentOff,
		argv:   []string{w.light, "agent", "--name", "one", "--targets", platform, "--home", w.agentHome, "--silence", lease.String()},
		before: []string{w.light, "reaper", "--ledger", ledger, "--home", w.agentHome},
	})
	w.start(&part{name: "controller", argv: []string{w.heavy, "up", "--no-agent", "--home", w.home}, rest: away})
	w.awaitFile(filepath.Join(w.home, "up.yaml"))
	return w
}

// ownAddress is one of loopback that no other world has while it holds a port
// there. On an address of all worlds a port that is free while its server is
// dead can be taken by a server of another world, and then both are told what
// one of them is to do.
func (w *world) ownAddress() string {
	w.t.Helper()
	for range 100 {
		host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 2+rand.IntN(253)) //nolint:gosec // any free one will do
		if l, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", host+":9091"); err == nil {
			w.t.Cleanup(func() { _ = l.Close() })
			return host
		}
	}
	require.Fail(w.t, "no address of loopback is free")
	return ""
}

func (w *world) start(p *part) {
	w.t.Helper()
	p.dir = w.dir
	p.env = []string{failpoint.DirVariable + "=" + w.points}
	require.NoError(w.t, p.start())
	w.t.Cleanup(p.end)
	w.parts[p.name] = p
}

// mount gives a folder a small disk of its own.
func (w *world) mount(dir string) {
	w.t.Helper()
	require.NoError(w.t, os.MkdirAll(dir, 0o700))
	require.NoError(w.t, unix.Mount("matrix", dir, "tmpfs", 0, "size=128m,mode=0700"), "mounting a small disk needs root")
	w.t.Cleanup(func() {
		for range 50 {
			if unix.Unmount(dir, 0) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond) // who had files open on it is about to be gone
		}
		w.t.Errorf("unmounting %s: %v", dir, unix.Unmount(dir, unix.MNT_DETACH))
	})
}

// fill leaves no room on a disk; what it returns gives it back.
func (w *world) fill(dir string) (heal func()) {
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		w.t.Errorf("filling a disk: %v", err)
		return func() {}
	}
	block := make([]byte, 1<<20)
	for len(block) > 0 {
		if _, err := f.Write(block); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				w.t.Errorf("filling a disk: %v", err)
			}
			block = block[:len(block)/2]
		}
	}
	_ = f.Close()
	return func() {
		time.Sleep(4 * lease) // as long as a frozen process
		if err := os.Remove(path); err != nil {
			w.t.Errorf("freeing a disk: %v", err)
		}
	}
}

// step sets the clock of everything wrong.
func (w *world) step(by string) {
	if err := os.WriteFile(filepath.Join(w.points, "clock"), []byte(by), 0o600); err != nil {
		w.t.Errorf("stepping the clock: %v", err)
	}
}

// describe writes the platform: the target, and one metric of it that is high
// while the target is broken.
func (w *world) describe() string {
	w.t.Helper()
	metrics := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		value := 5
		if w.target.isBroken() {
			value = 95
		}
		_, _ = fmt.Fprintf(out, "load %d\n", value)
	}))
	w.t.Cleanup(metrics.Close)
	file := filepath.Join(w.dir, "platform.yaml")
	one := w.target.victim.Target
	one.Title = "the one target"
	written, err := json.Marshal(one) // JSON is YAML
	require.NoError(w.t, err)
	text := fmt.Sprintf(`faultline_platform: v1
name: one
environment: development
targets:
  one: %s
  meter: {title: what measures it, process: {record: /nowhere/meter.json}}
metrics: {load: {unit: share, needs: meter, scrape: {url: %q, series: load}}}
`, written, metrics.URL)
	require.NoError(w.t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func (w *world) awaitFile(path string) string {
	w.t.Helper()
	var text []byte
	w.await(30*time.Second, path, func() (ok bool) {
		var err error
		text, err = os.ReadFile(path)
		return err == nil && len(text) > 0
	})
	return strings.TrimSpace(string(text))
}

func (w *world) await(within time.Duration, what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(5 * time.Millisecond) {
		require.True(w.t, time.Now().Before(end), "%s: not within %s", what, within)
	}
}

// pid finds a part that runs now. The reaper is no part of ours: its agent
// starts it.
func (w *world) pid(name string) int {
	if name != "reaper" {
		return w.parts[name].current().Process.Pid
	}
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		args := strings.Split(string(text), "\x00")
		if len(args) > 3 && args[1] == "reaper" && strings.Contains(string(text), w.agentHome) && strings.Contains(string(text), "--agent-pid") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			return pid
		}
	}
	return 0
}

// pids finds several, each of which must run.
func (w *world) pids(names []string) []int {
	w.t.Helper()
	out := make([]int, len(names))
	for i, name := range names {
		if out[i] = w.pid(name); out[i] == 0 {
			w.t.Errorf("no %s runs", name)
		}
	}
	return slices.DeleteFunc(out, func(pid int) bool { return pid == 0 }) // kill(0) would be this very group
}

// tell shows what the processes wrote, when the test failed.
func (w *world) tell() {
	if !w.t.Failed() {
		return
	}
	logs, _ := filepath.Glob(filepath.Join(w.dir, "*.log"))
	for _, file := range append(logs, filepath.Join(w.agentHome, "ledger", "reaper.log")) {
		if f, err := os.Open(file); err == nil {
			text, _ := io.ReadAll(io.LimitReader(f, 64<<10))
			_ = f.Close()
			w.t.Logf("%s:\n%s", filepath.Base(file), text)
		}
	}
}

// timeout is a context for what a cell waits for.
func (w *world) timeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.t.Context(), d)
}
