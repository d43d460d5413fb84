package main

import (
	"path/filepath"
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

	startSandbox(t, home, "--warehouse", "store")
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
