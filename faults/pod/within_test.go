package pod_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/pod"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/spec"
)

// TestThrottle breaks from within a container: its group is found by the pod.
func TestThrottle(t *testing.T) {
	dir := t.TempDir()
	d := cpu.Throttle{Dir: dir, Find: pod.Found{}}
	faultstest.Run(t, faultstest.Suite{Fault: spec.Fault{Kind: cpu.ThrottleKind}, New: func() faults.Driver { return d }, As: func(dir string) spec.Target {
		_, target := newNode(t, dir)
		return target
	}})
}

func TestAThrottleIsOfTheContainersGroup(t *testing.T) {
	n, target := newNode(t, t.TempDir())
	c := sleeper(t, n)
	d := cpu.Throttle{Dir: t.TempDir(), Find: pod.Found{}}
	r, err := d.Plan(t.Context(), spec.Fault{Kind: cpu.ThrottleKind, Target: "x"}, target)
	require.NoError(t, err)
	r.ID = "e/s"
	g, err := cgroup.FS{}.Of(c.PID, cgroup.CPU)
	require.NoError(t, err)
	group, err := os.ReadFile(filepath.Join(n.dir, "group"))
	require.NoError(t, err)
	require.Equal(t, string(group), g.Dir)
	quota := func() int64 {
		q, err := g.Quota()
		require.NoError(t, err)
		return int64(q.Max)
	}
	before := quota()
	require.NoError(t, d.Inject(t.Context(), r))
	assert.NotEqual(t, before, quota())
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, before, quota())
}
