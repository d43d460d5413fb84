package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// field is NATS with keys, a target, and the real light binary.
type field struct {
	t      *testing.T
	binary string
	home   string
	nats   *embedded.NATS
	target process.Record
	ledger *ledger.Ledger
}

func buildLight(t *testing.T) string {
	t.Helper()
	t.Setenv("FAULTLINE_HOME", "")
	t.Setenv("FAULTLINE_TRADES", "")
	binary := filepath.Join(t.TempDir(), "faultline")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".") //nolint:gosec // our own
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

func newField(t *testing.T, binary string) *field {
	t.Helper()
	f := &field{t: t, binary: binary, home: t.TempDir()}
	var err error
	f.nats, err = embedded.StartNATS(embedded.NATSConfig{Dir: filepath.Join(f.home, "nats"), Prefix: halt.DefaultPrefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.nats.Close(); err != nil {
			t.Error(err)
		}
	})
	record := filepath.Join(f.home, "svc.json")
	f.target, err = process.Start(t.Context(), process.Record{Name: "svc", Command: []string{"sleep", "600"}, Dir: f.home})
	if err == nil {
		err = f.target.Write(record)
	}
	if err == nil {
		f.ledger, err = ledger.Open(ledgerDir(f.home))
	}
	if err == nil {
		text := "faultline_platform: v1\nname: t\nenvironment: test\ntargets:\n  svc: {process: {record: \"" + record + "\"}}\n"
		err = os.WriteFile(f.platform(), []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Signal(f.target, syscall.SIGKILL) })
	if err := f.connect(halt.RoleController).OpenOutbox(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

// restart starts NATS anew where it was.
func (f *field) restart(addr string) {
	f.t.Helper()
	var err error
	if f.nats, err = embedded.StartNATS(embedded.NATSConfig{Dir: filepath.Join(f.home, "nats"), Prefix: halt.DefaultPrefix, Addr: addr}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *field) platform() string { return filepath.Join(f.home, "targets.yaml") }

// agentProcess is an agent that was started.
type agentProcess struct {
	cmd   *exec.Cmd
	err   bytes.Buffer
	stdin io.WriteCloser
	lines chan string
	done  chan struct{}
}

// launch starts an agent, and does not wait for it.
func (f *field) launch(more ...string) *agentProcess {
	f.t.Helper()
	args := append([]string{"--home", f.home, "agent", "--name", "a", "--targets", f.platform(), "--nats", f.nats.URL()}, more...)
	a := &agentProcess{cmd: exec.Command(f.binary, args...), lines: make(chan string, 10), done: make(chan struct{})} //nolint:gosec,noctx // ended below
	a.cmd.Stderr = &a.err
	out, err := a.cmd.StdoutPipe()
	if err == nil {
		a.stdin, err = a.cmd.StdinPipe()
	}
	if err == nil {
		err = a.cmd.Start()
	}
	if err != nil {
		f.t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			a.lines <- s.Text()
		}
		_ = a.cmd.Wait()
		close(a.done)
	}()
	f.t.Cleanup(func() {
		_ = a.cmd.Process.Signal(syscall.SIGCONT)
		_ = a.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-a.done:
		case <-time.After(20 * time.Second):
			_ = a.cmd.Process.Kill()
			f.t.Errorf("the agent did not end: %s", a.err.String())
		}
	})
	return a
}

// agent starts one and waits until it is ready.
func (f *field) agent(more ...string) *agentProcess {
	f.t.Helper()
	a := f.launch(more...)
	select {
	case line := <-a.lines:
		if line != "agent a is ready, targets: svc" {
			f.t.Fatalf("it says %q", line)
		}
	case <-a.done:
		f.t.Fatalf("it ended: %s", a.err.String())
	case <-time.After(20 * time.Second):
		f.t.Fatal("it is not ready")
	}
	return a
}

// ended waits for its end.
func (f *field) ended(a *agentProcess) (code int, problems string) {
	f.t.Helper()
	select {
	case <-a.done:
	case <-time.After(20 * time.Second):
		f.t.Fatal("it goes on")
	}
	return a.cmd.ProcessState.ExitCode(), a.err.String()
}

func (f *field) connect(role halt.Role) *halt.Conn {
	f.t.Helper()
	s := settings.Settings{Home: f.home, NATS: settings.NATS{URL: f.nats.URL()}}
	c, err := halt.Connect(s.NATSAs(role, f.t.Name(), nil))
	if err == nil {
		err = c.Reach(f.t.Context())
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (f *field) request(id spec.ExperimentID) halt.Request {
	f.t.Helper()
	boot, err := ledger.BootID()
	if err != nil {
		f.t.Fatal(err)
	}
	return halt.Request{
		Owner: halt.Owner{Controller: "test", Epoch: 1}, Experiment: id, Step: "s", Fault: spec.Fault{Kind: pause.Kind, Target: "svc"},
		MaxLife: spec.Duration(time.Hour), Lease: spec.Duration(5 * time.Minute),
		NotAfter: halt.Instant{Boot: boot, At: ledger.Boottime() + time.Minute},
	}
}

// pause has the target paused, as a controller would.
func (f *field) pause(id spec.ExperimentID) {
	f.t.Helper()
	reply, err := f.connect(halt.RoleController).Inject(f.t.Context(), "a", f.request(id))
	if err != nil || reply.State != halt.Working {
		f.t.Fatalf("got %+v, %v", reply, err)
	}
	f.until("the target is paused", func() bool { return f.target.State() == process.Paused })
}

func (f *field) mended() {
	f.t.Helper()
	f.until("the target runs", func() bool {
		live, err := f.ledger.Live(f.t.Context())
		return err == nil && len(live) == 0 && f.target.State() == process.Running
	})
}

func (f *field) until(what string, ok func() bool) {
	f.t.Helper()
	for late := time.Now().Add(20 * time.Second); !ok(); <-time.After(time.Millisecond) {
		if time.Now().After(late) {
			f.t.Fatalf("it never came to this: %s", what)
		}
	}
}

// run runs a command to its end; what it says is both of its outputs.
func (f *field) run(want int, args ...string) string {
	f.t.Helper()
	cmd := exec.CommandContext(f.t.Context(), f.binary, append([]string{"--home", f.home}, args...)...) //nolint:gosec // our own
	cmd.Env = append(os.Environ(), "FAULTLINE_NATS_URL="+f.nats.URL())
	out, err := cmd.CombinedOutput()
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		f.t.Fatal(err)
	}
	if code != want {
		f.t.Errorf("faultline %s: exit code %d, want %d:\n%s", strings.Join(args, " "), code, want, out)
	}
	return string(out)
}

func (f *field) says(text string, want ...string) {
	f.t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			f.t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}

// figures reads what a process at rest takes.
func figures(pid int) (rssKiB, ticks int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	_, _ = fmt.Sscan(rest, &rssKiB)
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ = strings.Cut(string(stat), ") ")
	if fields := strings.Fields(rest); len(fields) > 12 {
		var user, system int
		_, _ = fmt.Sscan(fields[11], &user)
		_, _ = fmt.Sscan(fields[12], &system)
		ticks = user + system
	}
	return rssKiB, ticks
}
