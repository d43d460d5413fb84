package cpu_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/cgroup/cgrouptest"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) {
	insidetest.Main(m, cpu.Command, cpu.Burn)
}

// grouped has targets start in a group of their own.
func grouped(t *testing.T) cgroup.Group {
	t.Helper()
	g := cgrouptest.Make(t, cgroup.CPU)
	insidetest.In(t, g)
	return g
}

func TestSaturate(t *testing.T) {
	grouped(t)
	dir := t.TempDir()
	faultstest.Run(t, faultstest.Suite{
		Fault: spec.Fault{Kind: cpu.SaturateKind, With: map[string]string{"share": "30%"}},
		New:   func() faults.Driver { return cpu.Saturate{Dir: dir} },
	})
	empty(t, dir)
}

func TestThrottle(t *testing.T) {
	g := grouped(t)
	dir := t.TempDir()
	faultstest.Run(t, faultstest.Suite{
		Fault: spec.Fault{Kind: cpu.ThrottleKind},
		New:   func() faults.Driver { return cpu.Throttle{Dir: dir} },
	})
	empty(t, dir)
	q, err := g.Quota()
	require.NoError(t, err)
	assert.Zero(t, q.Max, "there was none before")
}

func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "[^.]*")) // one that was killed leaves what it was writing
	require.NoError(t, err)
	assert.Empty(t, left, "files of faults that are gone")
}
