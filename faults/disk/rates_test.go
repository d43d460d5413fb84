package disk

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
)

// TestAPartitionIsSlowedAsItsDisk is a made-up /sys.
func TestAPartitionIsSlowedAsItsDisk(t *testing.T) {
	sys := t.TempDir()
	disk := filepath.Join(sys, "devices", "sda")
	require.NoError(t, os.MkdirAll(filepath.Join(disk, "sda1"), 0o750))
	require.NoError(t, os.MkdirAll(filepath.Join(sys, "dev", "block"), 0o750))
	for file, text := range map[string]string{"dev": "8:0\n", "sda1/dev": "8:1\n", "sda1/partition": "1\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(disk, file), []byte(text), 0o600))
	}
	require.NoError(t, os.Symlink(disk, filepath.Join(sys, "dev", "block", "8:0")))
	require.NoError(t, os.Symlink(filepath.Join(disk, "sda1"), filepath.Join(sys, "dev", "block", "8:1")))
	for _, device := range []string{"8:0", "8:1"} {
		got, err := whole(sys, device, "/data")
		require.NoError(t, err)
		assert.Equal(t, "8:0", got)
	}
	_, err := whole(sys, "0:45", "/data")
	require.ErrorIs(t, err, faults.ErrRefused)
}
