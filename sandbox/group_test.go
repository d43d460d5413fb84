package sandbox

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/roottest"
	"github.com/k2-platform/faultline/sandbox/service"
)

func TestAGroupIsMadeWithItsLimitAndRemovedWithTheSandbox(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.MkdirAll(service.Dir(home), 0o750))
	require.NoError(t, removeGroups(t.Context(), home), "there is none")
	_, err := cgroup.FS{}.Of(os.Getpid(), cgroup.Memory)
	roottest.Need(t, "finding the control group of the test", err)
	made := func(c Config) cgroup.Group {
		b := c.bounds()[0]
		dir, err := b.make(home)
		roottest.Need(t, "making a control group", err)
		g, err := b.group(home)
		require.NoError(t, err)
		assert.Equal(t, g.Dir, dir)
		return g
	}
	memory := made(Config{Memory: 64 << 20})
	require.Equal(t, memory, made(Config{Memory: 128 << 20}), "an earlier life left it")
	limit, ok, err := memory.MemoryLimit()
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, int64(128<<20), limit)

	cpu := made(Config{CPU: 0.5})
	quota, err := cpu.Quota()
	require.NoError(t, err)
	assert.InDelta(t, 0.5, quota.Cores(), 1e-9)

	require.NoError(t, removeGroups(t.Context(), home))
	assert.False(t, memory.There())
	assert.False(t, cpu.There())
	require.NoError(t, removeGroups(t.Context(), home), "twice is no error")
}
