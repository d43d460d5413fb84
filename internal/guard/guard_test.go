package guard_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/guard"
)

func TestATokenIsMadeOnceAndForItsOwnerAlone(t *testing.T) {
	home := t.TempDir()
	first, err := guard.Token(home)
	require.NoError(t, err)
	again, err := guard.Token(home)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	file := filepath.Join(home, guard.TokenFile)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.Chmod(file, 0o640)) //nolint:gosec // that is what is refused
	_, err = guard.Token(home)
	require.ErrorContains(t, err, "chmod 600")
	require.NoError(t, os.Chmod(file, 0o600))
	require.NoError(t, os.WriteFile(file, []byte("\n"), 0o600))
	_, err = guard.Token(home)
	require.ErrorContains(t, err, "remove it")
}
