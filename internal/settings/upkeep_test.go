package settings_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/settings"
)

func TestUpkeepIsReadFromFileAndEnvironment(t *testing.T) {
	file := write(t, "upkeep: {every: 2h, target_bytes: 5, min_files: 3, keep_snapshots: 7, snapshots_older_than: 3h, orphans_older_than: 48h}\n")
	t.Setenv("FAULTLINE_UPKEEP_EVERY", "-1s")
	s, err := settings.Load(file, t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, settings.Upkeep{
		Every: -time.Second, TargetBytes: 5, MinFiles: 3, KeepSnapshots: 7, SnapshotAge: 3 * time.Hour, OrphanAge: 48 * time.Hour,
	}, s.Upkeep)
}
