package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/web"
)

func TestHealthSaysWhenItIsReady(t *testing.T) {
	defer goleak.VerifyNone(t)
	s, err := web.Listen(t.Context(), "")
	require.NoError(t, err)
	_, err = web.Listen(t.Context(), s.Addr())
	require.ErrorContains(t, err, "free the address, or write another")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx, slog.New(slog.DiscardHandler)) }()
	behind := ""
	s.Behind = func() string { return behind }
	body := func() string {
		w := httptest.NewRecorder()
		s.Mux.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/health", http.NoBody))
		return w.Body.String()
	}
	health := func() int {
		w := httptest.NewRecorder()
		s.Mux.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/health", http.NoBody))
		return w.Code
	}
	assert.Equal(t, http.StatusServiceUnavailable, health())
	s.Ready()
	assert.Equal(t, http.StatusOK, health())
	assert.Equal(t, "ok\n", body())
	behind = "tables lack 7 records"
	assert.Equal(t, http.StatusOK, health(), "commands are taken all the same")
	assert.Equal(t, "ok\ntables lack 7 records\n", body())
	stop()
	<-done
	require.NoError(t, s.Close())
}
