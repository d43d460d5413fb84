package cpu_test

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
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

const period = 100 * time.Millisecond

func quota(t *testing.T, g cgroup.Group, most time.Duration) {
	t.Helper()
	require.NoError(t, g.SetQuota(cgroup.Quota{Max: most, Period: period}))
}

func quotaOf(t *testing.T, g cgroup.Group) time.Duration {
	t.Helper()
	q, err := g.Quota()
	require.NoError(t, err)
	return q.Max
}

// throttled is in how many periods the group had used up its quota.
func throttled(t *testing.T, g cgroup.Group) (n int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(g.Dir, "cpu.stat"))
	require.NoError(t, err)
	_, after, found := strings.Cut(string(text), "nr_throttled ")
	require.True(t, found)
	_, err = fmt.Sscan(after, &n)
	require.NoError(t, err)
	return n
}

func probe(t *testing.T, d faults.Driver, r faults.Receipt) faults.Presence {
	t.Helper()
	got, err := d.Probe(t.Context(), r)
	require.NoError(t, err)
	return got
}

func TestBurnersUseUpTheQuota(t *testing.T) {
	g := grouped(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	quota(t, g, 10*time.Millisecond)
	d := cpu.Saturate{Dir: t.TempDir()}
	r := insidetest.Inject(t, d, target, spec.Fault{Kind: cpu.SaturateKind})
	before := throttled(t, g)
	insidetest.Until(t, "the quota is used up, again and again", func() bool { return throttled(t, g) > before+5 })
	where, err := cgroup.FS{}.Of(insidetest.Doer(t, r).PID, cgroup.CPU)
	require.NoError(t, err)
	assert.Equal(t, g, where)
	assert.Equal(t, faults.Present, probe(t, d, r))
	require.NoError(t, d.Keep(t.Context(), r))
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, faults.Absent, probe(t, d, r))
	require.Error(t, d.Keep(t.Context(), r))
}

// TestBurnersBurnTheirShare: not more, and where the target may run.
func TestBurnersBurnTheirShare(t *testing.T) {
	grouped(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	all := target.Processes(t)
	require.Len(t, all, 1)
	var one unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &one))
	last := -1
	for i := range 1024 {
		if one.IsSet(i) {
			last = i
		}
	}
	one.Zero()
	one.Set(last)
	require.NoError(t, unix.SchedSetaffinity(all[0].PID, &one))
	d := cpu.Saturate{Dir: t.TempDir()}
	r := insidetest.Inject(t, d, target, spec.Fault{Kind: cpu.SaturateKind, With: map[string]string{"share": "20%"}})
	assert.Equal(t, "0.20", r.Undo["cores"], "of the one that it may run on")
	burners := 0
	doer := insidetest.Doer(t, r)
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/comm", doer.PID))
	require.NoError(t, err)
	for _, task := range tasks {
		name, err := os.ReadFile(task)
		require.NoError(t, err)
		if strings.TrimSpace(string(name)) != "fault-burn" {
			continue
		}
		burners++
		status, err := os.ReadFile(filepath.Join(filepath.Dir(task), "status"))
		require.NoError(t, err)
		assert.Contains(t, string(status), fmt.Sprintf("Cpus_allowed_list:\t%d\n", last))
	}
	assert.Equal(t, 1, burners)

	began, used := time.Now(), processorTime(t, doer)
	<-time.After(time.Second) // what is measured is a rate
	share := float64(processorTime(t, doer)-used) / float64(time.Since(began))
	assert.Less(t, share, 0.3)
	assert.Positive(t, share)
}

// processorTime is how long a process ran, to a hundredth of a second.
func processorTime(t *testing.T, p process.Record) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	require.NoError(t, err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var user, system int64
	_, err = fmt.Sscan(fields[11]+" "+fields[12], &user, &system)
	require.NoError(t, err)
	return time.Duration(user+system) * time.Second / 100
}

func TestBurnersGo(t *testing.T) {
	grouped(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	d := cpu.Saturate{Dir: t.TempDir()}
	little := spec.Fault{Kind: cpu.SaturateKind, With: map[string]string{"share": "5%"}}

	r := insidetest.Inject(t, d, target, little)
	require.NoError(t, process.Signal(insidetest.Doer(t, r), syscall.SIGSTOP))
	insidetest.Until(t, "nobody can say", func() bool { return probe(t, d, r) == faults.Unseen })
	require.NoError(t, process.Signal(insidetest.Doer(t, r), syscall.SIGKILL))
	insidetest.Until(t, "a stranger killed them", func() bool { return probe(t, d, r) == faults.Absent })
	require.ErrorContains(t, d.Keep(t.Context(), r), "as one does that was killed")

	short := insidetest.Plan(t, d, target, little)
	short.Expires = ledger.Boottime() + time.Second
	require.NoError(t, d.Inject(t.Context(), short))
	insidetest.Until(t, "their time is over", func() bool { return probe(t, d, short) == faults.Absent })
	require.ErrorContains(t, d.Keep(t.Context(), short), "its time is over")

	r, late := insidetest.Inject(t, d, target, little), insidetest.Plan(t, d, target, little)
	target.Vanish(t)
	insidetest.Until(t, "their target is gone", func() bool { return probe(t, d, r) == faults.Absent })
	require.ErrorIs(t, d.Inject(t.Context(), late), faults.ErrRefused)
}

func TestACutIsUndoneExactly(t *testing.T) {
	g := grouped(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	quota(t, g, 80*time.Millisecond)
	d := cpu.Throttle{Dir: t.TempDir()}
	cut := func(to string) spec.Fault {
		return spec.Fault{Kind: cpu.ThrottleKind, With: map[string]string{"to": to}}
	}
	alone := insidetest.Inject(t, d, target, cut("50%"))
	assert.Equal(t, 40*time.Millisecond, quotaOf(t, g))
	require.NoError(t, d.Keep(t.Context(), alone))
	require.NoError(t, d.Rollback(t.Context(), alone))
	assert.Equal(t, 80*time.Millisecond, quotaOf(t, g))

	half, quarter := insidetest.Plan(t, d, target, cut("50%")), insidetest.Plan(t, d, target, cut("25%"))
	require.NoError(t, d.Inject(t.Context(), quarter))
	require.NoError(t, d.Inject(t.Context(), half))
	assert.Equal(t, 20*time.Millisecond, quotaOf(t, g), "the least counts")
	assert.Equal(t, faults.Present, probe(t, d, half))
	require.NoError(t, d.Rollback(t.Context(), quarter))
	assert.Equal(t, 40*time.Millisecond, quotaOf(t, g), "the other is still there")
	assert.Equal(t, faults.Present, probe(t, d, half))
	assert.Equal(t, faults.Absent, probe(t, d, quarter))
	require.NoError(t, d.Rollback(t.Context(), half))
	assert.Equal(t, 80*time.Millisecond, quotaOf(t, g))
}

func TestAQuotaThatSomebodyElseSetStays(t *testing.T) {
	g := grouped(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	d := cpu.Throttle{Dir: t.TempDir()}
	r := insidetest.Inject(t, d, target, spec.Fault{Kind: cpu.ThrottleKind})
	late := insidetest.Plan(t, d, target, spec.Fault{Kind: cpu.ThrottleKind})
	quota(t, g, 33*time.Millisecond)
	assert.Equal(t, faults.Absent, probe(t, d, r))
	require.ErrorContains(t, d.Keep(t.Context(), r), "overtaken")
	require.ErrorIs(t, d.Inject(t.Context(), late), faults.ErrRefused)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, 33*time.Millisecond, quotaOf(t, g))
	empty(t, d.Dir)
}

// TestACutOfAGroupThatIsGone: nothing is left to mend, nor of the note.
func TestACutOfAGroupThatIsGone(t *testing.T) {
	g := grouped(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	d := cpu.Throttle{Dir: t.TempDir()}
	r := insidetest.Inject(t, d, target, spec.Fault{Kind: cpu.ThrottleKind})
	target.Vanish(t)
	insidetest.Until(t, "the group is removed", func() bool { return os.Remove(g.Dir) == nil })
	assert.Equal(t, faults.Absent, probe(t, d, r))
	require.NoError(t, d.Rollback(t.Context(), r))
	empty(t, d.Dir)
}

func TestWhatIsRefused(t *testing.T) {
	drivers := map[string]faults.Driver{cpu.SaturateKind: cpu.Saturate{Dir: t.TempDir()}, cpu.ThrottleKind: cpu.Throttle{Dir: t.TempDir()}}
	plan := func(target *faultstest.Target, kind string, with map[string]string) error {
		_, err := drivers[kind].Plan(t.Context(), spec.Fault{Kind: kind, Target: faultstest.Name, With: with}, target.Spec)
		return err
	}
	own, err := cgroup.FS{}.Of(os.Getpid(), cgroup.CPU)
	require.NoError(t, err)
	insidetest.In(t, cgroup.Group{Dir: own.Top})
	everywhere := faultstest.NewTarget(t, faultstest.TargetConfig{})
	err = plan(everywhere, cpu.SaturateKind, nil)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "write of: host")
	require.NoError(t, plan(everywhere, cpu.SaturateKind, map[string]string{"of": "host"}))
	err = plan(everywhere, cpu.ThrottleKind, nil)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "in a group of its own")

	g := grouped(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	for kind, name := range map[string]string{cpu.SaturateKind: "share", cpu.ThrottleKind: "to"} {
		for _, value := range []string{"0%", "101%", "-1%", "half"} {
			require.ErrorIs(t, plan(target, kind, map[string]string{name: value}), faults.ErrRefused, "%s %s", name, value)
		}
		require.NoError(t, plan(target, kind, map[string]string{name: "99%"}))
	}
	require.NoError(t, plan(target, cpu.SaturateKind, map[string]string{"share": "100%"}))
	require.ErrorIs(t, plan(target, cpu.ThrottleKind, map[string]string{"to": "100%"}), faults.ErrRefused, "it cuts nothing")
	quota(t, g, 10*time.Millisecond)
	err = plan(target, cpu.ThrottleKind, map[string]string{"to": "5%"})
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "write a higher percentage")
	target.Vanish(t)
	for kind := range drivers {
		require.ErrorIs(t, plan(target, kind, nil), faults.ErrRefused, kind)
	}
}

// TestAWholeQuotaIsWantedTwice: burners that want no more than the quota leave
// some of it whenever others keep them from a processor, and then nobody is
// short.
func TestAWholeQuotaIsWantedTwice(t *testing.T) {
	g := grouped(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	quota(t, g, 50*time.Millisecond)
	d := cpu.Saturate{Dir: t.TempDir()}
	for share, duty := range map[string]string{"100%": `"duty":1`, "50%": `"duty":0.25`} {
		r := insidetest.Plan(t, d, target, spec.Fault{Kind: cpu.SaturateKind, With: map[string]string{"share": share}})
		assert.Contains(t, r.Undo["burn"], duty)
	}
}
