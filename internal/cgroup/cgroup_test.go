package cgroup_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/cgroup"
)

// tree is a made-up machine.
func tree(t *testing.T, files map[string]string) cgroup.FS {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return cgroup.FS{Root: root}
}

const (
	unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	memory1 = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	both1   = "36 31 0:33 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
)

func machine2(t *testing.T) cgroup.FS {
	t.Helper()
	return tree(t, map[string]string{
		"proc/self/mountinfo": "22 1 0:21 / /proc rw - proc proc rw\n" + unified,
		"proc/7/cgroup":       "0::/pod/box\n",
		"proc/8/cgroup":       "0::/../other\n",
		"proc/9/cgroup":       "0::/gone (deleted)\n",
		"proc/swaps":          "Filename\tType\n/dev/sda2 partition 1 0 -2\n",
		"proc/meminfo":        "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n",

		"sys/fs/cgroup/cgroup.controllers":       "cpuset cpu io memory pids",
		"sys/fs/cgroup/pod/memory.max":           "1048576\n",
		"sys/fs/cgroup/pod/cpu.max":              "150000 100000\n",
		"sys/fs/cgroup/pod/box/memory.max":       "max\n",
		"sys/fs/cgroup/pod/box/memory.high":      "900000\n",
		"sys/fs/cgroup/pod/box/memory.current":   "500000\n",
		"sys/fs/cgroup/pod/box/memory.stat":      "anon 1\ninactive_file 100000\nactive_file 7\n",
		"sys/fs/cgroup/pod/box/memory.events":    "low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n",
		"sys/fs/cgroup/pod/box/memory.swap.max":  "0\n",
		"sys/fs/cgroup/pod/box/cpu.max":          "max 100000\n",
		"sys/fs/cgroup/pod/box/cgroup.procs":     "",
		"sys/fs/cgroup/pod/other/cgroup.procs":   "",
		"sys/fs/cgroup/pod/other/memory.max":     "a lot\n",
		"sys/fs/cgroup/pod/other/memory.current": "7\n",
	})
}

func TestAGroupOfV2(t *testing.T) {
	fs := machine2(t)
	g, err := fs.Of(7, cgroup.Memory)
	require.NoError(t, err)
	assert.True(t, g.V2)
	assert.Equal(t, filepath.Join(fs.Root, "sys/fs/cgroup/pod/box"), g.Dir)
	_, limited, err := g.MemoryLimit()
	require.NoError(t, err)
	assert.False(t, limited, "max is none")
	high, slows, err := g.MemoryHigh()
	require.NoError(t, err)
	assert.True(t, slows)
	assert.Equal(t, int64(900000), high)
	used, err := g.MemoryUsage()
	require.NoError(t, err)
	assert.Equal(t, int64(400000), used, "pages of files that are taken back first do not count")
	kills, err := g.OOMKills()
	require.NoError(t, err)
	assert.Equal(t, int64(1), kills)
	swaps, err := g.MaySwap()
	require.NoError(t, err)
	assert.False(t, swaps)

	levels := g.Levels()
	require.Len(t, levels, 3)
	limit, limited, err := levels[1].MemoryLimit()
	require.NoError(t, err)
	assert.True(t, limited)
	assert.Equal(t, int64(1<<20), limit)
	_, limited, err = levels[2].MemoryLimit()
	require.NoError(t, err)
	assert.False(t, limited, "the uppermost has none")
	cores, err := g.Cores()
	require.NoError(t, err)
	assert.InDelta(t, 1.5, cores, 0, "the group above has a quota")
}

func TestTheMachine(t *testing.T) {
	fs := machine2(t)
	total, available, err := fs.HostMemory()
	require.NoError(t, err)
	assert.Equal(t, []int64{1000 << 10, 400 << 10}, []int64{total, available})
	swaps, err := fs.Swaps()
	require.NoError(t, err)
	assert.True(t, swaps)
}

func TestWhatIsNoGroupHere(t *testing.T) {
	fs := machine2(t)
	for name, pid := range map[string]int{"outside of what is mounted": 8, "gone": 9} {
		_, err := fs.Of(pid, cgroup.Memory)
		require.ErrorIs(t, err, cgroup.ErrNone, name)
	}
	_, err := fs.Of(7, "rdma")
	require.ErrorContains(t, err, "no hierarchy with that controller")
	_, err = fs.Of(6, cgroup.Memory)
	require.ErrorIs(t, err, os.ErrNotExist)
	top := filepath.Join(fs.Root, "sys/fs/cgroup")
	_, _, err = cgroup.Group{Dir: filepath.Join(top, "pod/other"), Top: top, V2: true}.MemoryLimit()
	require.ErrorContains(t, err, "memory.max", "what is no number is no limit that was read")
	_, err = cgroup.Group{Dir: filepath.Join(top, "nowhere"), Top: top, V2: true}.MemoryUsage()
	require.Error(t, err)
	_, err = cgroup.Group{Dir: top, Top: top, V2: true}.Quota()
	require.ErrorIs(t, err, cgroup.ErrNoQuota)
}

func machine1(t *testing.T) cgroup.FS {
	t.Helper()
	return tree(t, map[string]string{
		"proc/self/mountinfo": unified + memory1 + both1,
		"proc/7/cgroup":       "9:name=systemd:/\n4:memory:/box\n2:cpu,cpuacct:/docker/abc/in\n0::/\n",
		"proc/8/cgroup":       "2:cpu,cpuacct:/docker/other\n",

		"sys/fs/cgroup/cgroup.controllers":                "hugetlb",
		"sys/fs/cgroup/memory/box/memory.limit_in_bytes":  "2097152\n",
		"sys/fs/cgroup/memory/box/memory.usage_in_bytes":  "1000\n",
		"sys/fs/cgroup/memory/box/memory.stat":            "inactive_file 5\ntotal_inactive_file 200\n",
		"sys/fs/cgroup/memory/box/memory.oom_control":     "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
		"sys/fs/cgroup/memory/box/memory.swappiness":      "60\n",
		"sys/fs/cgroup/memory/memory.limit_in_bytes":      "9223372036854771712\n",
		"sys/fs/cgroup/cpu,cpuacct/in/cpu.cfs_quota_us":   "50000\n",
		"sys/fs/cgroup/cpu,cpuacct/in/cpu.cfs_period_us":  "100000\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":      "-1\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":     "100000\n",
		"sys/fs/cgroup/cpu,cpuacct/in/cgroup.procs":       "",
		"sys/fs/cgroup/cpu,cpuacct/in/below/cgroup.procs": "",
	})
}

func TestAGroupOfV1(t *testing.T) {
	fs := machine1(t)
	g, err := fs.Of(7, cgroup.Memory)
	require.NoError(t, err)
	assert.False(t, g.V2, "the unified hierarchy lacks the controller")
	limit, limited, err := g.MemoryLimit()
	require.NoError(t, err)
	assert.True(t, limited)
	assert.Equal(t, int64(2<<20), limit)
	used, err := g.MemoryUsage()
	require.NoError(t, err)
	assert.Equal(t, int64(800), used)
	kills, err := g.OOMKills()
	require.NoError(t, err)
	assert.Equal(t, int64(4), kills)
	swaps, err := g.MaySwap()
	require.NoError(t, err)
	assert.True(t, swaps)
	_, slows, err := g.MemoryHigh()
	require.NoError(t, err)
	assert.False(t, slows)
	_, limited, err = g.Levels()[1].MemoryLimit()
	require.NoError(t, err)
	assert.False(t, limited, "v1 writes a great number for none")
}

func TestAPartOfAHierarchyIsMounted(t *testing.T) {
	fs := machine1(t)
	g, err := fs.Of(7, cgroup.CPU)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(fs.Root, "sys/fs/cgroup/cpu,cpuacct/in"), g.Dir)
	q, err := g.Quota()
	require.NoError(t, err)
	assert.Equal(t, cgroup.Quota{Max: 50 * time.Millisecond, Period: 100 * time.Millisecond}, q)
	_, err = fs.Of(8, cgroup.CPU)
	require.ErrorIs(t, err, cgroup.ErrNone)
}

func TestAQuotaIsSet(t *testing.T) {
	for name, c := range map[string]struct {
		fs   cgroup.FS
		file string
		want string
	}{
		"v1": {machine1(t), "cpu.cfs_quota_us", "20000"},
		"v2": {machine2(t), "cpu.max", "20000 100000"},
	} {
		g, err := c.fs.Of(7, cgroup.CPU)
		require.NoError(t, err)
		require.NoError(t, g.MaySetQuota(), name)
		want := cgroup.Quota{Max: 20 * time.Millisecond, Period: 100 * time.Millisecond}
		require.NoError(t, g.SetQuota(want))
		text, err := os.ReadFile(filepath.Join(g.Dir, c.file))
		require.NoError(t, err)
		assert.Equal(t, c.want, string(text), name)
		got, err := g.Quota()
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
		require.NoError(t, g.SetQuota(cgroup.Quota{Period: 100 * time.Millisecond}))
		got, err = g.Quota()
		require.NoError(t, err)
		assert.Zero(t, got.Cores(), name)
	}
}

func TestAQuotaIsReadAsItIsWritten(t *testing.T) {
	for _, q := range []cgroup.Quota{{Period: time.Second}, {Max: time.Millisecond, Period: 5 * time.Millisecond}} {
		got, err := cgroup.ParseQuota(q.String())
		require.NoError(t, err)
		assert.Equal(t, q, got)
	}
	for _, bad := range []string{"", "max", "1", "0 100", "1 0", "-1 100", "x 100", "1 x", "1 2 3"} {
		_, err := cgroup.ParseQuota(bad)
		require.Error(t, err, bad)
	}
}

func TestJoinSaysWhereItCannot(t *testing.T) {
	g, err := machine2(t).Of(7, cgroup.Memory)
	require.NoError(t, err)
	require.NoError(t, g.MayJoin())
	require.NoError(t, g.Join(12))
	text, err := os.ReadFile(filepath.Join(g.Dir, "cgroup.procs"))
	require.NoError(t, err)
	assert.Equal(t, "12", string(text))
	require.NoError(t, os.Remove(filepath.Join(g.Dir, "cgroup.procs")))
	require.ErrorContains(t, g.MayJoin(), "as root")
}

func TestThrottling(t *testing.T) {
	fs := tree(t, map[string]string{
		"two/cpu.stat":     "usage_usec 900\nnr_periods 40\nnr_throttled 30\nthrottled_usec 2000\nnr_bursts 0\n",
		"one/cpu.stat":     "nr_periods 4\nnr_throttled 3\nthrottled_time 2000000\n",
		"new/cgroup.procs": "", "odd/cpu.stat": "nr_periods many\n",
	})
	group := func(name string, v2 bool) cgroup.Group {
		return cgroup.Group{Dir: filepath.Join(fs.Root, name), Top: fs.Root, V2: v2}
	}
	got, err := group("two", true).Throttling()
	require.NoError(t, err)
	assert.Equal(t, cgroup.Throttling{Periods: 40, Throttled: 30, For: 2 * time.Millisecond}, got)
	got, err = group("one", false).Throttling()
	require.NoError(t, err)
	assert.Equal(t, cgroup.Throttling{Periods: 4, Throttled: 3, For: 2 * time.Millisecond}, got)
	got, err = group("new", true).Throttling()
	require.NoError(t, err)
	assert.Zero(t, got)
	_, err = group("odd", true).Throttling()
	require.ErrorContains(t, err, "cpu.stat")
}

func TestTheNearestQuotaBounds(t *testing.T) {
	fs := machine2(t)
	g, err := fs.Of(7, cgroup.CPU) // pod/box has none, pod has one
	require.NoError(t, err)
	at, q, bound, err := g.Bounding()
	require.NoError(t, err)
	assert.True(t, bound)
	assert.Equal(t, filepath.Dir(g.Dir), at.Dir)
	assert.InDelta(t, 1.5, q.Cores(), 1e-9)
	_, _, bound, err = cgroup.Group{Dir: at.Top, Top: at.Top, V2: true}.Bounding()
	require.NoError(t, err)
	assert.False(t, bound)
}

// Of v1 a container sees no group above its own: the uppermost one has the
// quota.
func TestAContainerSeesItsOwnQuota(t *testing.T) {
	fs := tree(t, map[string]string{
		"proc/self/mountinfo": both1, "proc/7/cgroup": "2:cpu,cpuacct:/docker/abc\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
	})
	g, err := fs.Of(7, cgroup.CPU)
	require.NoError(t, err)
	at, q, bound, err := g.Bounding()
	require.NoError(t, err)
	assert.True(t, bound)
	assert.Equal(t, g, at)
	assert.InDelta(t, 0.5, q.Cores(), 1e-9)
}
