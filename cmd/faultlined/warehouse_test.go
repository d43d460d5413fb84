package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/sandbox"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/sandbox/query"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/store"
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

func TestAPipelineFindsTheTablesBehindLinksByItself(t *testing.T) {
	home := t.TempDir()
	end := startSandbox(t, home, "--links")
	s := settings.Settings{Home: home}
	var at lake.Config
	require.Eventually(t, func() bool {
		var err error
		at, err = lakeOf(s)
		return err == nil && at.Warehouse == "s3://warehouse/lake" && rows(t, at) > 100
	}, 60*time.Second, 200*time.Millisecond, "no trade reaches the table in the store")
	links, err := process.Read(service.RecordPath(home, sandbox.LinksName))
	require.NoError(t, err)
	for _, link := range links.Addrs {
		assert.NotContains(t, at.Properties[store.Endpoint], link, "a pipeline is not what is cut off")
	}
	for name, link := range map[string]string{sink.Name: k2.SinkStoreLink, query.Name: k2.QueryStoreLink} {
		service, err := process.Read(service.RecordPath(home, name))
		require.NoError(t, err)
		assert.Contains(t, service.Command, "s3.endpoint=http://"+links.Addrs[link])
	}
	end()
	assert.False(t, links.Alive(), "the link proxy ends with its sandbox")
	_, err = lakeOf(s)
	require.ErrorIs(t, err, errNoStore)

	startSandbox(t, home)
	require.Eventually(t, func() bool {
		at, err = lakeOf(s)
		return err == nil && at.Warehouse == filepath.Join(home, "lake", "warehouse")
	}, 30*time.Second, 200*time.Millisecond, "a sandbox without links keeps its tables in the state folder")
}

func TestLinksLeadToTheSandboxsOwnStoreOnly(t *testing.T) {
	f := serviceLake{lakeFlags: lakeFlags{set: settings.Lake{Kind: "rest", URI: "http://c:1"}}}
	_, err := linkCommand(&f, t.TempDir())
	require.ErrorContains(t, err, "rest catalog http://c:1")
	f = serviceLake{}
	argv, err := linkCommand(&f, t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, "link-proxy", argv[1])
	assert.Equal(t, ownStore, f.set.Warehouse)
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
