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
	require.NoError(t, removeGroup(t.Context(), home), "there is none")
	_, err := cgroup.FS{}.Of(os.Getpid(), cgroup.Memory)
	roottest.Need(t, "finding the control group of the test", err)
	dir, err := makeGroup(home, 64<<20)
	roottest.Need(t, "making a control group", err)
	again, err := makeGroup(home, 128<<20)
	require.NoError(t, err, "an earlier life left it")
	assert.Equal(t, dir, again)
	g, err := groupOf(home)
	require.NoError(t, err)
	limit, ok, err := g.MemoryLimit()
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, int64(128<<20), limit)
	require.NoError(t, removeGroup(t.Context(), home))
	assert.False(t, g.There())
	require.NoError(t, removeGroup(t.Context(), home), "twice is no error")
}
