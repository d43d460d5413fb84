package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/embedded"
)

// TestHaltOverHTTPNamesTheSilent: an agent that is on the roster and says
// nothing is in the answer, and the answer is no 200.
func TestHaltOverHTTPNamesTheSilent(t *testing.T) {
	home := t.TempDir()
	n, err := embedded.StartNATS(embedded.NATSConfig{Dir: filepath.Join(home, "nats")})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Close()) }()
	conn, err := halt.Connect(halt.Config{URL: n.URL()})
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.Enrol(t.Context(), halt.Hello{Name: "gone"}))
	h, err := haltHandler(home, conn, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("POST /halt", h)
	token, err := os.ReadFile(filepath.Join(home, "http.token"))
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/halt", strings.NewReader(`{"all":true}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, w.Body.String(), `"silent":["gone"]`)
}
