//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEmbeddedTablesAreReadByOthers runs the demo, which needs no server: its
// tables are a SQLite catalog and local files.
func TestEmbeddedTablesAreReadByOthers(t *testing.T) {
	home := t.TempDir()
	text, code := command(t, home, binary(t), "demo", "--home", home, "--trades", os.Getenv("FAULTLINE_TRADES"))
	t.Log(text)
	require.Zero(t, code)
	readWithOthers(t, sqlCatalog(home)...)
}

// sqlCatalog names the tables below a state folder to the readers.
func sqlCatalog(home string) []string {
	return []string{"--catalog-uri", "sqlite:///" + filepath.Join(home, "lake", "catalog.db"), "--warehouse", "file://" + filepath.Join(home, "lake", "warehouse")}
}
