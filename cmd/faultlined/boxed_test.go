package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHealthyIsWhatTheServiceSays(t *testing.T) {
	status := http.StatusServiceUnavailable
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			w.WriteHeader(status)
		}
	}))
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	addr := strings.TrimPrefix(s.URL, "http://")
	require.ErrorContains(t, askHealth(t.Context(), addr), "says 503")
	status = http.StatusOK
	require.NoError(t, askHealth(t.Context(), addr))
	s.Close()
	require.Error(t, askHealth(t.Context(), addr), "nobody is there")
}
