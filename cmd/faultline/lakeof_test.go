package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

func TestTablesAreInThePipelinesOwnLake(t *testing.T) {
	home := t.TempDir()
	c, err := lakeOf(settings.Settings{Home: home})
	require.NoError(t, err)
	require.Equal(t, spec.Catalog{
		Kind: "sql", Name: "faultline", URI: filepath.Join(home, "lake", "catalog.db"), Warehouse: filepath.Join(home, "lake", "warehouse"),
	}, c)
	entries, err := os.ReadDir(home)
	require.NoError(t, err)
	require.Empty(t, entries, "no keys, no file")
}

func TestKeysOfTheSettingsAreForWhoRollsBack(t *testing.T) {
	s := settings.Settings{Home: t.TempDir(), Lake: settings.Lake{Kind: "rest", URI: "http://r:1", Properties: map[string]string{
		"s3.endpoint": "http://s:2", "s3.region": "eu-west-1", "s3.access-key-id": "me", "s3.secret-access-key": "hush",
	}}}
	for range 2 { // the second time it is there
		c, err := lakeOf(s)
		require.NoError(t, err)
		require.Equal(t, spec.ObjectStore{Endpoint: "http://s:2", Region: "eu-west-1", CredentialsFile: filepath.Join(s.Home, keysFile)}, c.Store)
	}
	text, err := os.ReadFile(filepath.Join(s.Home, keysFile))
	require.NoError(t, err)
	require.Equal(t, "[default]\naws_access_key_id = me\naws_secret_access_key = hush\n", string(text))
	info, err := os.Stat(filepath.Join(s.Home, keysFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestTheSandboxsOwnStoreIsFound(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "sandbox"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, "sandbox", "store.json"), []byte(`{"name":"store","pid":1,"addr":"127.0.0.1:9"}`), 0o600))
	c, err := lakeOf(settings.Settings{Home: home, Lake: settings.Lake{Warehouse: ownStore}})
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:9", c.Store.Endpoint)
}
