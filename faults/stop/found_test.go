package stop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// manager stands in for systemctl, with one unit: a program that sleeps.
// Always has it bring the unit back half a second after a crash.
func manager(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	script := fmt.Sprintf(`#!/bin/sh
cd %q
while [ "${1#--no-}" != "$1" ]; do shift; done
begin() { sleep 4711 >/dev/null 2>&1 & echo $! >pid; }
case $1 in
show)
	[ "$4" = box.service ] || { echo LoadState=not-found; echo MainPID=0; exit; }
	pid=$(cat pid 2>/dev/null || echo 0); kill -0 "$pid" 2>/dev/null || pid=0
	printf 'LoadState=loaded\nActiveState=active\nMainPID=%%s\n' "$pid" ;;
start) begin ;;
stop) echo stopped >>stops; kill "$(cat pid)" 2>/dev/null; : ;;
*) echo "no verb $1" >&2; exit 1 ;;
esac
`, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "systemctl"), []byte(script), 0o700))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Cleanup(func() {
		if r, err := unitProcess(dir); err == nil {
			_ = process.Signal(r, syscall.SIGKILL)
		}
	})
	return dir
}

func unitProcess(dir string) (process.Record, error) {
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return process.Record{}, err
	}
	r := process.Record{Name: "box"}
	if _, err := fmt.Sscan(string(text), &r.PID); err != nil {
		return r, err
	}
	return r.Identified()
}

var unit = spec.Target{Process: &spec.Process{Unit: "box.service"}} //nolint:gochecknoglobals // a value

func TestAUnitIsStoppedAndStartedByItsManager(t *testing.T) {
	dir := manager(t)
	for kind, d := range map[string]faults.Driver{stop.Kind: stop.Driver{}, kill.Kind: kill.Driver{}} {
		start := process.Record{Name: "box", Command: []string{filepath.Join(dir, "systemctl"), "start"}}
		_, err := process.Start(t.Context(), start)
		require.NoError(t, err)
		require.Eventually(t, func() bool { r, err := unitProcess(dir); return err == nil && r.Alive() }, 5*time.Second, time.Millisecond)
		before, err := unitProcess(dir)
		require.NoError(t, err)

		r, err := d.Plan(t.Context(), spec.Fault{Kind: kind, Target: "box"}, unit)
		require.NoError(t, err)
		require.NoError(t, d.Inject(t.Context(), r))
		assert.False(t, before.Alive(), kind)
		assert.FileExists(t, filepath.Join(dir, "stops"), "its manager was not told, and would bring it back")
		seen, err := d.Probe(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, faults.Present, seen)
		require.NoError(t, d.Rollback(t.Context(), r))
		after, err := unitProcess(dir)
		require.NoError(t, err)
		assert.True(t, after.Alive(), kind)
		seen, err = d.Probe(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, faults.Absent, seen)
		require.NoError(t, process.Signal(after, syscall.SIGKILL))
		require.NoError(t, os.Remove(filepath.Join(dir, "stops")))
	}
}

func TestAUnitIsRefusedWithAReason(t *testing.T) {
	dir := manager(t)
	plan := func(name string) error {
		_, err := stop.Driver{}.Plan(t.Context(), spec.Fault{Kind: stop.Kind, Target: "box"}, spec.Target{Process: &spec.Process{Unit: name}})
		require.ErrorIs(t, err, faults.ErrRefused)
		return err
	}
	require.ErrorContains(t, plan("box.service"), "it does not run")
	require.ErrorContains(t, plan("other.service"), `systemd says that unit other.service is "not-found"`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "systemctl"), []byte("#!/bin/sh\necho 'System has not been booted with systemd as init system (PID 1).' >&2; exit 1\n"), 0o700))
	require.ErrorContains(t, plan("box.service"), "System has not been booted with systemd")
	t.Setenv("PATH", t.TempDir())
	require.ErrorContains(t, plan("box.service"), "there is no systemctl here")
}

func TestACommandLineMustFitOneProcess(t *testing.T) {
	one := faultstest.NewTarget(t, faultstest.TargetConfig{Match: true})
	two := faultstest.NewTarget(t, faultstest.TargetConfig{Match: true})
	token := func(c *faultstest.Target) string {
		return strings.TrimSuffix(strings.TrimPrefix(c.Spec.Process.Match, " child-"), "$")
	}
	plan := func(p spec.Process) error {
		_, err := stop.Driver{}.Plan(t.Context(), spec.Fault{Kind: stop.Kind, Target: "box"}, spec.Target{Process: &p})
		return err
	}
	require.NoError(t, plan(*one.Spec.Process))
	err := plan(spec.Process{Match: " child-(" + token(one) + "|" + token(two) + ")$"})
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "fits 2 processes, and must fit one")
	for _, c := range []*faultstest.Target{one, two} {
		require.ErrorContains(t, err, fmt.Sprintf("pid %d: ", c.Processes(t)[0].PID))
	}
	require.ErrorContains(t, plan(spec.Process{Match: "nothing like that-" + token(one)[:5] + "$"}), "it does not run")
	require.ErrorContains(t, plan(spec.Process{Match: "("}), "error parsing regexp")
	p := *one.Spec.Process
	p.Command = []string{"start.sh"}
	err = plan(p)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "would not be found again")
}
