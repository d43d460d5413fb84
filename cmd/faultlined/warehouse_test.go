package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/settings"
)

func TestTheSandboxStoreServesAsWarehouse(t *testing.T) {
	home := t.TempDir()
	s := settings.Settings{Home: home, Lake: settings.Lake{Warehouse: ownStore}}
	_, err := lakeOf(s)
	require.ErrorIs(t, err, errNoStore)

	sandbox := exec.CommandContext(t.Context(), os.Args[0], "sandbox", "up", "--home", home, "--warehouse", "store") //nolint:gosec // this test's own binary
	sandbox.Stderr = os.Stderr
	sandbox.Cancel = func() error { return sandbox.Process.Signal(syscall.SIGTERM) }
	sandbox.WaitDelay = 30 * time.Second
	require.NoError(t, sandbox.Start())
	defer func() {
		require.NoError(t, sandbox.Process.Signal(syscall.SIGTERM))
		require.NoError(t, sandbox.Wait())
	}()
	at, err := awaitLake(t.Context(), s)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return rows(t, at) > 100 }, 30*time.Second, 200*time.Millisecond, "no trade reaches the table")
	stored, err := filepath.Glob(filepath.Join(home, "sandbox", "store", "buckets", "warehouse", "lake", "*", "trades_v2", "data", "*", "*.parquet"))
	require.NoError(t, err)
	assert.NotEmpty(t, stored)
	assert.NoDirExists(t, filepath.Join(home, "lake", "warehouse"), "nothing beside it")
}

func rows(t *testing.T, at lake.Config) int64 {
	t.Helper()
	l, err := lake.Open(t.Context(), at)
	if err != nil {
		return 0
	}
	defer func() { assert.NoError(t, l.Close()) }()
	info, err := l.Inspect(t.Context(), "market_data", "trades_v2")
	if err != nil {
		return 0
	}
	return info.TotalRecords
}
