package checks_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/store"
)

// inStore begins the sandbox's store, and gives how to end it.
func inStore(t *testing.T) (lake.Config, string, func()) {
	t.Helper()
	home := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- store.Run(ctx, store.Config{Home: home}) }()
	end := func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		require.NoError(t, <-done)
		done <- nil
	}
	t.Cleanup(end)
	var addr string
	require.Eventually(t, func() bool {
		rec, err := process.Read(service.RecordPath(home, store.Name))
		if err != nil || rec.Addr == "" {
			return false
		}
		addr = rec.Addr
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/health", nil)
		if err != nil {
			return false
		}
		res, err := http.DefaultClient.Do(req)
		return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
	}, 30*time.Second, 10*time.Millisecond)
	return lake.Config{
		Kind: "sql", URI: filepath.Join(home, "catalog.db"), Warehouse: "s3://" + store.Bucket + "/lake", Properties: store.Properties(addr),
	}, "http://" + addr + "/", end
}

// TestATableInAStore is well, and is found damaged where it is; a store that is
// away is no damage.
func TestATableInAStore(t *testing.T) {
	config, url, end := inStore(t)
	w := inLake(t, t.TempDir(), config, trades(60), 25)
	require.Empty(t, not(w.run(t)))

	var data lake.StoredFile
	a, err := w.input().Table(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.List(t.Context(), func(f lake.StoredFile) error {
		if strings.HasSuffix(f.Path, ".parquet") {
			data = f
		}
		return nil
	}))
	at := url + strings.TrimPrefix(data.Path, "s3://")
	send(t, http.MethodPut, at+".orphan", "x")
	results := w.run(t)
	assert.Equal(t, map[string]events.Answer{"orphan_files": events.Violated}, not(results))
	assert.Contains(t, evidence(results, "orphan_files"), data.Path+".orphan")
	send(t, http.MethodDelete, at+".orphan", "")
	send(t, http.MethodDelete, at, "")
	results = w.run(t)
	assert.Equal(t, events.Violated, not(results)["files_present"])
	assert.Contains(t, evidence(results, "files_present"), data.Path+" is missing")

	end()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	for _, r := range checks.Run(ctx, []checks.Check{checks.Chain{}, checks.Files{}, checks.Orphans{}}, w.input()) {
		assert.Equal(t, events.Unknown, r.Answer, "%s: %s", r.Check, r.Evidence)
	}
}

func send(t *testing.T, method, url, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(text))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Less(t, res.StatusCode, 300)
}
