package memory_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/faults/memory"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/cgroup/cgrouptest"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

const (
	mib    = 1 << 20
	nearby = 2 * limit / 100 // within which the usage comes to its aim
)

func usage(t *testing.T, g cgroup.Group) int64 {
	t.Helper()
	n, err := g.MemoryUsage()
	require.NoError(t, err)
	return n
}

func kills(t *testing.T, g cgroup.Group) int64 {
	t.Helper()
	n, err := g.OOMKills()
	require.NoError(t, err)
	return n
}

func to(percent string) spec.Fault {
	return spec.Fault{Kind: memory.Kind, With: map[string]string{"to": percent}}
}

func probe(t *testing.T, r faults.Receipt) faults.Presence {
	t.Helper()
	got, err := memory.Driver{}.Probe(t.Context(), r)
	require.NoError(t, err)
	return got
}

// started is a target in a group with a limit, whose memory the test sets.
func started(t *testing.T) (memory.Driver, cgroup.Group, *faultstest.Target, insidetest.Grower) {
	t.Helper()
	g := limited(t)
	grower := insidetest.Growing(t)
	return memory.Driver{Dir: t.TempDir()}, g, faultstest.NewTarget(t, faultstest.TargetConfig{}), grower
}

// TestTheGroupIsFullAndTheTargetLives: to within 2 % of the aim, while the
// target takes and gives back, and never so that the kernel kills.
func TestTheGroupIsFullAndTheTargetLives(t *testing.T) {
	d, g, target, grower := started(t)
	before := usage(t, g)
	r := insidetest.Inject(t, d, target, to("90%"))
	aim := int64(limit) * 9 / 10
	assert.InDelta(t, aim, usage(t, g), nearby)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", insidetest.Doer(t, r).PID))
	require.NoError(t, err)
	assert.Equal(t, "1000", strings.TrimSpace(string(text)))

	all := target.Processes(t)
	require.Len(t, all, 1)
	rests := anonymous(t, all[0])
	for _, has := range []int64{40 * mib, 10 * mib, 100 * mib, 0} {
		grower.Has(t, int(has))
		var last int64
		insidetest.Until(t, "the filler follows", func() bool {
			last = usage(t, g)
			require.LessOrEqual(t, last, int64(limit))
			its := anonymous(t, all[0]) - rests
			return probe(t, r) == faults.Present && last <= aim+mib && its > has-4*mib && its < has+32*mib
		})
		insidetest.Until(t, "the group is full again", func() bool { return aim-usage(t, g) < nearby && usage(t, g)-aim < nearby })
	}
	assert.Zero(t, kills(t, g))
	assert.True(t, target.Healthy())
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.InDelta(t, before, usage(t, g), 8*mib, "all is given back once it is seen gone")
	assert.Zero(t, kills(t, g))
}

// held is how much the filler has.
func held(t *testing.T, r faults.Receipt) int64 {
	t.Helper()
	return anonymous(t, insidetest.Doer(t, r))
}

// anonymous is what a process has that is no file's.
func anonymous(t *testing.T, p process.Record) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
	require.NoError(t, err)
	var kib int64
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			_, err := fmt.Sscanf(strings.TrimSpace(rest), "%d kB", &kib)
			require.NoError(t, err)
		}
	}
	return kib << 10
}

func TestATargetThatIsAboveIsLeftAlone(t *testing.T) {
	d, g, target, grower := started(t)
	grower.Has(t, 120*mib)
	insidetest.Until(t, "the target has its memory", func() bool { return usage(t, g) > 120*mib })
	r := insidetest.Inject(t, d, target, to("50%"))
	assert.Less(t, held(t, r), int64(24*mib), "it holds nothing beside itself")
	assert.Equal(t, faults.Present, probe(t, r))
	grower.Has(t, 0)
	insidetest.Until(t, "it takes what the target gave back", func() bool { return held(t, r) > 40*mib && probe(t, r) == faults.Present })
	assert.InDelta(t, limit/2, usage(t, g), nearby)
}

func TestTwoOfThem(t *testing.T) {
	d, g, target, _ := started(t)
	low := insidetest.Inject(t, d, target, to("50%"))
	high := insidetest.Inject(t, d, target, to("80%"))
	assert.InDelta(t, limit*8/10, usage(t, g), nearby)
	assert.Equal(t, faults.Present, probe(t, low))
	require.NoError(t, d.Rollback(t.Context(), high))
	insidetest.Until(t, "the first comes to its own aim", func() bool { return probe(t, low) == faults.Present })
	assert.InDelta(t, limit/2, usage(t, g), nearby)
	assert.Zero(t, kills(t, g))
}

// TestTheLimitAbove: the group itself has none.
func TestTheLimitAbove(t *testing.T) {
	above := limited(t)
	g := cgrouptest.Below(t, above, cgroup.Memory)
	insidetest.In(t, g)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	insidetest.Inject(t, memory.Driver{Dir: t.TempDir()}, target, to("70%"))
	assert.InDelta(t, limit*7/10, usage(t, above), nearby)
}

func TestAFillerThatAStrangerKilledIsGone(t *testing.T) {
	d, _, target, _ := started(t)
	r := insidetest.Inject(t, d, target, to("50%"))
	require.NoError(t, d.Keep(t.Context(), r))
	require.NoError(t, process.Signal(insidetest.Doer(t, r), syscall.SIGKILL))
	insidetest.Until(t, "the fault is absent", func() bool { return probe(t, r) == faults.Absent })
	require.ErrorContains(t, d.Keep(t.Context(), r), "as one does that was killed")
	assert.True(t, target.Healthy())
}

// TestTheKernelKillsTheFillerFirst: frozen, it cannot follow, and so the group
// comes to its limit.
func TestTheKernelKillsTheFillerFirst(t *testing.T) {
	d, g, target, grower := started(t)
	r := insidetest.Inject(t, d, target, to("90%"))
	require.NoError(t, process.Signal(insidetest.Doer(t, r), syscall.SIGSTOP))
	grower.Has(t, 80*mib)
	insidetest.Until(t, "the fault is absent", func() bool { return probe(t, r) == faults.Absent })
	require.Error(t, d.Keep(t.Context(), r))
	if kills(t, g) == 1 { // a kernel in a hurry kills again before the first has given back what it had
		assert.True(t, target.Healthy(), "the target was killed in its place")
	}
}

// TestATargetThatTheKernelKilledIsNoAnswer: here it asks to be killed before
// the filler.
func TestATargetThatTheKernelKilledIsNoAnswer(t *testing.T) {
	d, g, target, grower := started(t)
	grower.Has(t, 120*mib)
	insidetest.Until(t, "the target has its memory", func() bool { return usage(t, g) > 120*mib })
	r := insidetest.Inject(t, d, target, to("90%"))
	all := target.Processes(t)
	require.Len(t, all, 1)
	require.NoError(t, os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", all[0].PID), []byte("1000"), 0o600))
	filler := insidetest.Doer(t, r)
	require.NoError(t, process.Signal(filler, syscall.SIGSTOP))
	grower.Has(t, 250*mib)
	insidetest.Until(t, "the target is killed", func() bool { return kills(t, g) == 1 && len(target.Processes(t)) == 0 })
	got, err := d.Probe(t.Context(), r)
	require.ErrorContains(t, err, "want of memory")
	assert.Equal(t, faults.Unseen, got, "while the filler cannot answer nobody can say")
	require.NoError(t, process.Signal(filler, syscall.SIGCONT))
	insidetest.Until(t, "the fault is absent", func() bool {
		p, err := d.Probe(t.Context(), r)
		return err == nil && p == faults.Absent
	})
	require.Error(t, d.Keep(t.Context(), r))
}

func TestAFillerGoesWithItsTarget(t *testing.T) {
	d, _, target, _ := started(t)
	r := insidetest.Inject(t, d, target, to("50%"))
	target.Vanish(t)
	insidetest.Until(t, "the fault is absent", func() bool { return probe(t, r) == faults.Absent })
	require.ErrorContains(t, d.Keep(t.Context(), r), "the target's process is gone")
	late := insidetest.Plan(t, d, startedAgain(t, target), to("50%"))
	target.Vanish(t)
	require.ErrorIs(t, d.Inject(t.Context(), late), faults.ErrRefused)
}

func startedAgain(t *testing.T, target *faultstest.Target) *faultstest.Target {
	t.Helper()
	target.Start(t)
	insidetest.Until(t, "it is found", func() bool {
		r, err := process.Read(target.Spec.Process.Record)
		return err == nil && r.Alive()
	})
	return target
}

func TestItsTimeIsOver(t *testing.T) {
	d, g, target, _ := started(t)
	r := insidetest.Plan(t, d, target, to("50%"))
	r.Expires = ledger.Boottime() + time.Second
	require.NoError(t, d.Inject(t.Context(), r))
	insidetest.Until(t, "it ends without anybody's doing", func() bool { return probe(t, r) == faults.Absent })
	assert.Less(t, usage(t, g), int64(limit/4))
	require.ErrorContains(t, d.Keep(t.Context(), r), "its time is over")
}

func TestWhatIsRefused(t *testing.T) {
	g := limited(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	plan := func(with map[string]string) error {
		_, err := memory.Driver{Dir: t.TempDir()}.Plan(t.Context(), spec.Fault{Kind: memory.Kind, Target: faultstest.Name, With: with}, target.Spec)
		return err
	}
	for value, want := range map[string]string{"0%": "write a percentage", "101%": "write a percentage", "-5%": "write a percentage", "NaN%": "write a percentage", "0.9": "write a percentage", "100%": "up to 99%"} {
		err := plan(map[string]string{"to": value})
		require.ErrorIs(t, err, faults.ErrRefused, value)
		require.ErrorContains(t, err, want, value)
	}
	require.ErrorIs(t, plan(map[string]string{"of": "moon"}), faults.ErrRefused)
	err := plan(map[string]string{"of": "host"})
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "leave of: host out")
	require.NoError(t, plan(nil))

	cgrouptest.Limit(t, g, 30<<20)
	require.ErrorContains(t, plan(nil), "give the group more")
	cgrouptest.Limit(t, g, 1<<50)
	err = plan(nil)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "write of: host")
	require.NoError(t, plan(map[string]string{"of": "host", "to": "50%"}))
	err = plan(map[string]string{"of": "host", "to": "99%"})
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "to spare")
	target.Vanish(t)
	require.ErrorIs(t, plan(nil), faults.ErrRefused)
}
