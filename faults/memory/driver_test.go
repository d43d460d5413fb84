package memory_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/faults/memory"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/cgroup/cgrouptest"
	"github.com/k2-platform/faultline/spec"
)

const limit = 192 << 20

func TestMain(m *testing.M) { insidetest.Main(m, memory.Command, memory.Hold) }

// limited has targets start in a group that has so many bytes.
func limited(t *testing.T, bytes int64) cgroup.Group {
	t.Helper()
	g := cgrouptest.Make(t, cgroup.Memory)
	cgrouptest.Limit(t, g, bytes)
	insidetest.In(t, g)
	return g
}

func TestDriver(t *testing.T) {
	limited(t, limit)
	dir := t.TempDir()
	faultstest.Run(t, faultstest.Suite{
		Fault: spec.Fault{Kind: memory.Kind},
		New:   func() faults.Driver { return memory.Driver{Dir: dir} },
	})
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Empty(t, left, "files of fillers that are gone")
	_, err = os.Stat(dir)
	require.NoError(t, err)
}
