package lake

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInspectReadsTheMetadataThatACatalogTells has a catalog that knows what is
// in a file which is not there, or is cut short.
func TestInspectReadsTheMetadataThatACatalogTells(t *testing.T) {
	dir := t.TempDir()
	first := open(t, Config{Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: filepath.Join(dir, "warehouse")})
	_, err := openTable(t, first).Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err)
	loaded, err := first.load(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	at := loaded.MetadataLocation()
	file := strings.TrimPrefix(at, "file://")
	text, err := os.ReadFile(file)
	require.NoError(t, err)

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := map[string]any{"defaults": map[string]string{}, "overrides": map[string]string{}}
		if strings.HasSuffix(r.URL.Path, "/tables/trades") {
			answer = map[string]any{"metadata-location": at, "metadata": json.RawMessage(text), "config": map[string]string{}}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	})
	l := open(t, Config{Kind: "rest", URI: server.URL})
	info, err := l.Inspect(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	require.Equal(t, int64(3), info.TotalRecords)

	require.NoError(t, os.WriteFile(file, text[:len(text)/2], 0o600))
	_, err = l.Inspect(t.Context(), "chaos", "trades")
	require.Error(t, err, "half a file")
	require.NotErrorIs(t, err, ErrUnreachable)
	require.NoError(t, os.Remove(file))
	_, err = l.Inspect(t.Context(), "chaos", "trades")
	require.ErrorIs(t, err, ErrCorrupt, "no file")
}
