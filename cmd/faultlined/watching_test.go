package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/internal/settings"
)

// hook is a webhook that hands on what it is sent.
func hook(t *testing.T) (url string, bodies chan string) {
	t.Helper()
	bodies = make(chan string, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
	}))
	t.Cleanup(s.Close)
	return "generic+" + s.URL, bodies
}

func get(t *testing.T, url string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, string(body))
	return string(body)
}

func TestStakeholdersAreToldAndMetricsCount(t *testing.T) {
	url, bodies := hook(t)
	t.Setenv("FAULTLINE_NOTIFY_URLS", url)
	l := newLife(t)
	l.up()
	b := l.open()
	l.send(b, "1", "told", commands.Schedule{Document: control()})
	l.await(b, "told", over)
	for _, want := range []string{"Started: Control (told)\nIf we inject none into one", "Rolling back: Control (told)", "Ended, upheld: Control (told)"} {
		select {
		case body := <-bodies:
			assert.True(t, strings.HasPrefix(body, want), body)
		case <-time.After(20 * time.Second):
			t.Fatalf("nobody was told: %s", want)
		}
	}
	s, err := settings.Load("", l.home)
	require.NoError(t, err)
	s, err = s.Find()
	require.NoError(t, err)
	assert.Equal(t, "ok\n", get(t, "http://"+s.HTTP.Addr+"/health"))
	metrics := get(t, "http://"+s.HTTP.Addr+"/metrics")
	for _, want := range []string{
		`faultline_experiments_total{verdict="upheld"} 1`, `faultline_experiments_total{verdict="refuted"} 0`, "faultline_faults_live 0",
		"faultline_faults_stuck 0", `faultline_notifications_total{result="given_up"} 0`, "go_build_info{",
	} {
		assert.Contains(t, metrics, want)
	}
	require.NoError(t, b.Close())
	l.down()

	l.up() // the log is read again, and nobody is told twice
	l.down()
	assert.Empty(t, bodies)
}

func TestABadNotifyURLIsRefusedAtTheStart(t *testing.T) {
	t.Setenv("FAULTLINE_NOTIFY_URLS", "https://hooks.example.com/s3cr3tt0ken")
	l := newLife(t)
	s, err := settings.Load("", l.home)
	require.NoError(t, err)
	err = up(t.Context(), s, slog.New(slog.DiscardHandler), io.Discard)
	require.ErrorContains(t, err, "notify.urls, number 1")
	require.ErrorContains(t, err, "generic+https://")
	assert.NotContains(t, err.Error(), "s3cr3tt0ken")
}
