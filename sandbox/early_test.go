package sandbox_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox"
)

// TestWhatHasNoRecordYetEndsWithItsSandbox ends one in the middle of a start.
func TestWhatHasNoRecordYetEndsWithItsSandbox(t *testing.T) {
	home := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- sandbox.Up(ctx, sandbox.Config{Home: home, Self: []string{"sh", "-c", "echo $$ >pid.new && mv pid.new pid && exec sleep 3600"}}, nil)
	}()
	r := runner{t: t, home: home}
	var began process.Record
	r.until("a service is started", func() bool {
		text, err := os.ReadFile(filepath.Join(home, "pid"))
		if err != nil {
			return false
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		require.NoError(t, err)
		began, err = process.Record{PID: pid}.Identified()
		return err == nil
	})
	t.Cleanup(func() { _ = process.Signal(began, syscall.SIGKILL) })
	cancel()
	require.NoError(t, <-done)
	require.False(t, began.Alive(), "a process is left")
}
