package faultstest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Name is the target's name in faults.
const Name spec.TargetName = "child"

// TargetConfig says how a target behaves. The zero value writes its own
// record and ends at once when told to.
type TargetConfig struct {
	PIDFile bool          // found by pid file and command, not by record
	Match   bool          // found by its command line
	Bare    bool          // has no health to ask
	Deaf    time.Duration // how long TERM goes unheard
	// As says what the target is whose folder is dir, where it is more than a
	// process: what Beside makes of it. It has its health all the same.
	As func(dir string) spec.Target
}

// Target is a real process to break. It is gone when the test ends.
type Target struct {
	Spec  spec.Target
	start process.Record
	token string
	url   string
}

// NewTarget starts a target and waits until it is healthy.
func NewTarget(t *testing.T, c TargetConfig) *Target {
	t.Helper()
	dir, token := t.TempDir(), rand.Text()
	addr := freeAddr(t)
	proc := spec.Process{Record: filepath.Join(dir, "child.json")}
	env := []string{"GORACE=atexit_sleep_ms=0", childToken + "=" + token, childAddr + "=" + addr, childDir + "=" + dir, childDeaf + "=" + c.Deaf.String()}
	cmd := []string{os.Args[0]}
	switch {
	case c.Match:
		cmd = append(cmd, "child-"+token)
		proc = spec.Process{Match: " child-" + token + "$"}
		env = append(env, childRecord+"="+filepath.Join(dir, "child.json"))
	case c.PIDFile:
		proc = spec.Process{PIDFile: filepath.Join(dir, "child.pid"), Command: cmd, Env: env, Dir: dir, Log: filepath.Join(dir, "log")}
	default:
		env = append(env, childRecord+"="+proc.Record)
	}
	out := &Target{
		Spec:  spec.Target{Process: &proc},
		start: process.Record{Name: "child", Command: cmd, Env: env, Dir: dir, Log: filepath.Join(dir, "log")},
		token: token, url: "http://" + addr + "/health",
	}
	if c.As != nil {
		out.Spec = c.As(dir)
	}
	if !c.Bare {
		out.Spec.Health = &spec.Health{HTTP: out.url}
	}
	t.Cleanup(func() { out.Vanish(t) })
	started := out.Start(t)
	if c.PIDFile {
		if err := os.WriteFile(proc.PIDFile, []byte(strconv.Itoa(started.PID)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the target is found", func() bool {
		if c.PIDFile || c.Match {
			return true
		}
		r, err := process.Read(proc.Record)
		return err == nil && r.Alive()
	})
	return out
}

// Start starts the target as somebody else would, and waits for its health.
func (c *Target) Start(t *testing.T) process.Record {
	t.Helper()
	started, err := process.Start(t.Context(), c.start)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the target is healthy", c.Healthy)
	return started
}

// Vanish kills every process of the target, and waits for its end. One that
// is on its way out has no environment any more by which it is found.
func (c *Target) Vanish(t *testing.T) {
	t.Helper()
	var ending []process.Record
	until(t, "the target is gone", func() bool {
		all := c.Processes(t)
		ending = append(slices.DeleteFunc(ending, func(r process.Record) bool { return !r.Alive() }), all...)
		for _, r := range all {
			if err := process.Signal(r, syscall.SIGKILL); err != nil && !errors.Is(err, process.ErrNotSame) {
				t.Fatal(err)
			}
		}
		return len(ending) == 0
	})
}

// Healthy asks the target once.
func (c *Target) Healthy() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return false
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

// Processes finds the target's processes by what only they have in their
// environment, whoever started them.
func (c *Target) Processes(t *testing.T) []process.Record {
	t.Helper()
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var all []process.Record
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err != nil || !bytes.Contains(env, []byte(childToken+"="+c.token)) {
			continue
		}
		if r, err := (process.Record{Name: "child", PID: pid}).Identified(); err == nil && r.Alive() {
			all = append(all, r)
		}
	}
	return all
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // only its number is wanted
	return l.Addr().String()
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-time.After(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}
