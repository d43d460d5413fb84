package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnAgentThatEndsIsStartedAgainAndEndsWithItsParent(t *testing.T) {
	lives := filepath.Join(t.TempDir(), "lives")
	// The first life ends at once; the second serves until its input ends.
	script := `echo x >> "$0"; [ "$(wc -l < "$0")" = 1 ] && exit 3; echo agent a is ready; cat >/dev/null; echo ended >> "$0"`
	a := newAgentProcess([]string{"sh", "-c", script, lives}, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	select {
	case <-a.ready:
	case err := <-done:
		t.Fatalf("it was not kept running: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("it was not started again")
	}
	stop()
	require.NoError(t, <-done)
	text, err := os.ReadFile(lives)
	require.NoError(t, err)
	assert.Equal(t, "x\nx\nended\n", string(text), "it is waited for")
}

func TestAnAgentThatCannotBeStartedIsNamed(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	a := newAgentProcess([]string{filepath.Join(t.TempDir(), "none")}, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, a.live(ctx), "make build")
}
