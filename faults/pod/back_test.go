package pod_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/pod"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/kube/kubetest"
	"github.com/k2-platform/faultline/internal/process"
)

const (
	patience = 20 * time.Second
	tick     = 2 * time.Millisecond
	sigstop  = syscall.SIGSTOP
)

func itoa(n int) string { return strconv.Itoa(n) }

// sleeper is a process in the container of a node, until the test ends.
func sleeper(t *testing.T, n node) process.Record {
	t.Helper()
	r, err := process.Start(t.Context(), process.Record{Name: "sleeper", Command: []string{"sleep", "600"}})
	require.NoError(t, err)
	t.Cleanup(func() { end(t, r) })
	dir, err := os.ReadFile(filepath.Join(n.dir, "group"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(string(dir), "cgroup.procs"), []byte(itoa(r.PID)), 0o600))
	return r
}

func end(t *testing.T, r process.Record) {
	t.Helper()
	_ = process.Signal(r, syscall.SIGKILL)
	assert.Eventually(t, func() bool { return !r.Alive() }, patience, tick)
}

func (b bench) sees(d faults.Driver, r faults.Receipt, want faults.Presence) {
	b.t.Helper()
	got, err := d.Probe(b.t.Context(), r)
	require.NoError(b.t, err)
	assert.Equal(b.t, want.String(), got.String())
}

// held is a bench whose controllers do nothing until they are let.
func held(t *testing.T) (b bench, let func()) {
	t.Helper()
	b = newBench(t)
	b.Hold = filepath.Join(t.TempDir(), "hold")
	return b, func() { require.NoError(t, os.Remove(b.Hold)) }
}

func (b bench) stopControllers() {
	b.t.Helper()
	require.NoError(b.t, os.WriteFile(b.Hold, nil, 0o600))
}

// A controller that is quicker than a look leaves nothing to be seen: such a
// fault is none.
func TestAPodThatIsBackAtOnceIsNoticed(t *testing.T) {
	b := newBench(t).owned()
	r, d := b.must(kill.Kind)
	err := d.Inject(t.Context(), r)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "was back before it was seen to be away, by ReplicaSet sink")
	b.sees(d, r, faults.Absent)
	require.NoError(t, d.Rollback(t.Context(), r))
	_, err = os.Stat(r.Undo["mark"])
	require.ErrorIs(t, err, os.ErrNotExist)
}

// One that comes back later was away: that the fault is gone is an error of
// the one who keeps it.
func TestAPodThatComesBackIsMissedByItsKeeper(t *testing.T) {
	b, let := held(t)
	b = b.owned()
	for _, kind := range []string{kill.Kind, stop.Kind} {
		r, d := b.must(kind)
		b.stopControllers()
		require.NoError(t, d.Inject(t.Context(), r))
		b.sees(d, r, faults.Present)
		k, ok := d.(faults.Keeper)
		require.True(t, ok)
		require.NoError(t, k.Keep(t.Context(), r))
		let()
		b.sees(d, r, faults.Absent)
		require.ErrorContains(t, k.Keep(t.Context(), r), "what brings the pod back has done so")
		require.NoError(t, d.Rollback(t.Context(), r))
	}
}

func TestRollbackWaitsForAsManyAsBefore(t *testing.T) {
	b, let := held(t)
	b = b.owned()
	r, d := b.must(kill.Kind)
	b.stopControllers()
	require.NoError(t, d.Inject(t.Context(), r))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := d.Rollback(ctx, r)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "ReplicaSet sink has fewer pods that serve than the 1 of before")
	let()
	require.NoError(t, d.Rollback(t.Context(), r))
}

// Nobody waits for what nobody is to make any more.
func TestRollbackWaitsForNoMoreThanIsWanted(t *testing.T) {
	for name, change := range map[string]func(bench, kube.Owner){
		"scaled down": func(b bench, o kube.Owner) { b.Scale(o.UID, 0) },
		"removed":     func(b bench, o kube.Owner) { b.Remove(o.UID) },
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := held(t)
			b = b.owned()
			r, d := b.must(kill.Kind)
			b.stopControllers()
			require.NoError(t, d.Inject(t.Context(), r))
			b.sees(d, r, faults.Present)
			var o kube.Owner
			require.NoError(t, json.Unmarshal([]byte(r.Undo["owner"]), &o))
			change(b, o)
			b.sees(d, r, faults.Absent)
			require.NoError(t, d.Rollback(t.Context(), r))
		})
	}
}

// The name belongs to another pod now.
func TestAnotherPodOfTheNameIsLeftAlone(t *testing.T) {
	for _, kind := range []string{stop.Kind, kill.Kind} {
		b := newBench(t)
		r, d := b.must(kind)
		b.Remove("lab/alone")
		second, err := b.Add(bareManifest)
		require.NoError(t, err)
		err = d.Inject(t.Context(), r)
		require.ErrorIs(t, err, faults.ErrRefused, kind)
		require.ErrorContains(t, err, "was removed or replaced since this was planned")
		require.NoError(t, d.Rollback(t.Context(), r), kind)
		assert.Equal(t, second.Meta, b.Pods()["lab/alone"].Meta, kind)
		b.sees(d, r, faults.Absent)
	}
}

// What somebody else removed is not made again.
func TestAPodThatSomebodyRemovedStaysAway(t *testing.T) {
	b := newBench(t)
	r, d := b.must(stop.Kind)
	b.Remove("lab/alone")
	require.ErrorIs(t, d.Inject(t.Context(), r), faults.ErrRefused)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.NotContains(t, b.Pods(), "lab/alone")
}

// A pod that was made again by somebody else is not made twice.
func TestAPodThatSomebodyMadeAgainIsLeftAlone(t *testing.T) {
	b := newBench(t)
	r, d := b.must(kill.Kind)
	require.NoError(t, d.Inject(t.Context(), r))
	second, err := b.Add(bareManifest)
	require.NoError(t, err)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, second.Meta.UID, b.Pods()["lab/alone"].Meta.UID)
}

func TestWhatTheClusterRefusesIsTold(t *testing.T) {
	b := newBench(t)
	r, d := b.must(kill.Kind)
	require.NoError(t, d.Inject(t.Context(), r))
	const create = "POST /api/v1/namespaces/lab/pods"
	b.Says(create, kubetest.Answer{Status: 403, Body: `{"message": "quota exceeded"}`})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, d.Rollback(ctx, r), "quota exceeded")
	b.sees(d, r, faults.Present)
	b.Says(create, kubetest.Answer{})
	require.NoError(t, d.Rollback(t.Context(), r))
	b.sees(d, r, faults.Absent)
}

// A container that was started again since the plan is another one.
func TestAContainerThatWasStartedAnewIsNotKilled(t *testing.T) {
	n, target := newNode(t, t.TempDir())
	c := sleeper(t, n)
	b := bench{n.Cluster, t, target, map[string]faults.Driver{kill.Kind: pod.End{Kind: kill.Kind, Dir: t.TempDir()}, pause.Kind: pod.Halt{}}}
	first, d := b.must(kill.Kind)
	paused, halt := b.must(pause.Kind)
	end(t, c)
	n.box()
	c = sleeper(t, n)
	err := d.Inject(t.Context(), first)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "container a of pod lab/alone has ended, or was started again")
	require.ErrorIs(t, halt.Inject(t.Context(), paused), faults.ErrRefused)
	require.NoError(t, d.Rollback(t.Context(), first))
	require.NoError(t, halt.Rollback(t.Context(), paused))
	assert.Equal(t, process.Running, c.State())

	// Its node has started it again before anybody looked.
	second, d := b.must(kill.Kind)
	assert.NotEqual(t, first.Undo["container_id"], second.Undo["container_id"])
	n.box()
	require.ErrorIs(t, d.Inject(t.Context(), second), faults.ErrRefused)
	assert.Equal(t, process.Running, c.State())
}

// All processes of a container stand still, those that it begins meanwhile too.
func TestAPauseIsOfAllProcesses(t *testing.T) {
	n, target := newNode(t, t.TempDir())
	all := []process.Record{sleeper(t, n), sleeper(t, n), sleeper(t, n)}
	b := bench{n.Cluster, t, target, map[string]faults.Driver{pause.Kind: pod.Halt{}}}
	r, d := b.must(pause.Kind)
	b.Remove("lab/alone") // the cluster is not needed any more
	require.NoError(t, d.Inject(t.Context(), r))
	for _, p := range all {
		assert.Equal(t, process.Paused, p.State())
	}
	late := sleeper(t, n)
	b.sees(d, r, faults.Unseen)
	require.NoError(t, d.Inject(t.Context(), r))
	assert.Equal(t, process.Paused, late.State())
	b.sees(d, r, faults.Present)
	require.NoError(t, d.Rollback(t.Context(), r))
	for _, p := range append(all, late) {
		assert.Equal(t, process.Running, p.State())
	}
	b.sees(d, r, faults.Absent)
}

// A process that was told to go may serve until it has: it is not away before.
func TestAStopReturnsOnceThePodIsGone(t *testing.T) {
	b := newBench(t)
	r, d := b.must(stop.Kind)
	require.NoError(t, d.Inject(t.Context(), r))
	assert.NotContains(t, b.Pods(), "lab/alone")
}

func TestAPauseOfWhatItsFirstProcessLeftIsRefused(t *testing.T) {
	n, target := newNode(t, t.TempDir())
	first := sleeper(t, n)
	b := bench{n.Cluster, t, target, map[string]faults.Driver{pause.Kind: pod.Halt{}}}
	r, d := b.must(pause.Kind)
	second := sleeper(t, n)
	end(t, first)
	require.ErrorIs(t, d.Inject(t.Context(), r), faults.ErrRefused)
	assert.Equal(t, process.Running, second.State())
}

// Its agent died between the note and the signal: nothing was done.
func TestAKillThatWasOnlyNotedIsNone(t *testing.T) {
	n, target := newNode(t, t.TempDir())
	c := sleeper(t, n)
	b := bench{n.Cluster, t, target, map[string]faults.Driver{kill.Kind: pod.End{Kind: kill.Kind, Dir: t.TempDir()}}}
	r, d := b.must(kill.Kind)
	require.NoError(t, os.WriteFile(r.Undo["mark"], nil, 0o600))
	b.sees(d, r, faults.Absent)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, process.Running, c.State())
}

// One that did not serve before need not serve again: it only has to run.
func TestAPodThatDidNotServeComesBack(t *testing.T) {
	b := newBench(t)
	_, err := b.Add(strings.Replace(strings.ReplaceAll(bareManifest, "alone", "idle"), `"labels": {`, `"labels": {"ready": "False", `, 1))
	require.NoError(t, err)
	b.target.Pod.Name = "idle"
	r, d := b.must(kill.Kind)
	require.NoError(t, d.Inject(t.Context(), r))
	b.sees(d, r, faults.Present)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, "Running", podNow(b, "lab/idle").Status.Phase)

	_, err = b.Own("ReplicaSet", "idle", 1, strings.Replace(strings.ReplaceAll(ownedManifest, "sink", "slow"), `"labels": {`, `"labels": {"ready": "False", `, 1))
	require.NoError(t, err)
	b.target.Pod.Name, b.target.Pod.Selector = "", "app=slow"
	_, _ = b.plan(stop.Kind, nil) // time passes: it runs
	_, err = b.plan(stop.Kind, nil)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "does not serve (it is not Ready), so nobody would see that it is away")
}
