package pod_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/pod"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/cgroup/cgrouptest"
	"github.com/k2-platform/faultline/internal/kube/kubetest"
	wait "github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// node is this machine as a node of a cluster: the target of a test is the one
// container of a pod on it, in a control group that bears the container's id.
type node struct {
	*kubetest.Cluster

	t   *testing.T
	dir string // of the target
}

// newNode is of a target whose folder is dir, until the test t ends.
func newNode(t *testing.T, dir string) (node, spec.Target) {
	t.Helper()
	c, err := kubetest.Open("")
	require.NoError(t, err)
	boot, err := process.BootID()
	require.NoError(t, err)
	c.Node("here", boot)
	_, err = c.Add(strings.ReplaceAll(bareManifest, "far", "here"))
	require.NoError(t, err)
	n := node{c, t, dir}
	n.box()
	return n, spec.Target{Pod: &spec.Pod{Namespace: "lab", Name: "alone", Kubeconfig: c.Serve(t)}}
}

// box makes a group for the container, and has the cluster say its id.
func (n node) box() {
	n.t.Helper()
	g := cgrouptest.Make(n.t, cgroup.CPU)
	if err := os.WriteFile(filepath.Join(n.dir, "group"), []byte(g.Dir), 0o600); err != nil {
		n.t.Error(err) // perhaps of the node's own goroutine
	}
	n.Change("lab/alone", func(o kubetest.Object) {
		status := o["status"].(map[string]any)["containerStatuses"].([]any)[0].(map[string]any)
		status["containerID"] = "containerd://" + filepath.Base(g.Dir)
	})
}

// TestPause stops a real process as a container's.
func TestPause(t *testing.T) {
	faultstest.Run(t, faultstest.Suite{Fault: spec.Fault{Kind: pause.Kind}, New: func() faults.Driver { return pod.Halt{} }, As: func(dir string) spec.Target {
		_, target := newNode(t, dir)
		return target
	}})
}

// TestKillBySignal kills one that its node starts again.
func TestKillBySignal(t *testing.T) {
	held := filepath.Join(t.TempDir(), "held")
	require.NoError(t, os.WriteFile(held, nil, 0o600))
	if there := os.Getenv(heldVariable); there != "" {
		held = there // this is the other process of a test
	}
	t.Setenv(heldVariable, held)
	d := pod.End{Kind: kill.Kind, Dir: t.TempDir()}
	faultstest.Run(t, faultstest.Suite{Fault: spec.Fault{Kind: kill.Kind}, New: func() faults.Driver { return kept{d, held} }, As: func(dir string) spec.Target {
		n, target := newNode(t, dir)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); n.keep(ctx, held) }()
		t.Cleanup(func() { stop(); <-done })
		return target
	}})
}

// heldVariable tells the other process where the file is.
const heldVariable = "FAULTLINE_TEST_HELD"

// kept has the node start the container again in a rollback only, however long
// this takes on this machine.
type kept struct {
	faults.Driver
	held string
}

func (k kept) Rollback(ctx context.Context, r faults.Receipt) error {
	if err := os.Remove(k.held); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return errors.Join(k.Driver.Rollback(ctx, r), os.WriteFile(k.held, nil, 0o600))
}

// keep starts the container's process again whenever it is gone, unless the
// file held is there.
func (n node) keep(ctx context.Context, held string) {
	var last process.Record
	for wait.For(ctx, 5*time.Millisecond) {
		dir, err := os.ReadFile(filepath.Join(n.dir, "group"))
		if err != nil {
			continue
		}
		if now := firstIn(string(dir)); now.PID > 0 {
			last = now
			continue
		}
		if _, err := os.Stat(held); err == nil || last.PID == 0 || last.Alive() {
			continue
		}
		n.box()
		if last, err = process.Start(ctx, last); err != nil {
			n.t.Errorf("starting the container again: %v", err)
			return
		}
	}
}

// firstIn is the process in a group, and how it was started.
func firstIn(group string) process.Record {
	text, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	first, _, _ := strings.Cut(string(text), "\n")
	pid, bad := strconv.Atoi(first)
	if err != nil || bad != nil {
		return process.Record{}
	}
	proc := "/proc/" + first
	words := func(file string) []string {
		raw, _ := os.ReadFile(filepath.Join(proc, file))
		return slices.DeleteFunc(strings.Split(string(raw), "\x00"), func(s string) bool { return s == "" })
	}
	r, err := process.Record{Name: "container", PID: pid, Command: words("cmdline"), Env: words("environ")}.Identified()
	if err != nil || len(r.Command) == 0 || len(r.Env) == 0 || !r.Alive() {
		return process.Record{}
	}
	r.Dir, _ = os.Readlink(filepath.Join(proc, "cwd"))
	return r
}
