//go:build e2e

// Package e2e_test runs experiments on real servers: Apache Kafka, a registry
// with the Confluent API, an Iceberg REST catalog and an S3 store. It fails
// when it cannot have them; it never skips.
package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/process"
)

// servers are the addresses of servers/README.md, by their names.
type servers map[string]string

// startServers starts them afresh, and sees to it that none is left at the
// end.
func startServers(t *testing.T) servers {
	t.Helper()
	script(t, "servers/down.sh")
	t.Cleanup(func() { script(t, "servers/down.sh") })
	s := servers{}
	for lines := bufio.NewScanner(strings.NewReader(script(t, "servers/up.sh"))); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			s[name] = value
		}
	}
	for _, name := range []string{
		"E2E_KAFKA", "E2E_SOLO_KAFKA", "E2E_CHAOS_KAFKA", "E2E_REGISTRY", "E2E_CATALOG", "E2E_S3", "E2E_S3_KEY", "E2E_S3_SECRET", "E2E_RECORDS",
	} {
		require.NotEmpty(t, s[name], "servers/up.sh did not say where %s is", name)
	}
	s.run(t)
	return s
}

// run says that every recorded server runs.
func (s servers) run(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s["E2E_RECORDS"], "*.json"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 8, "records of servers")
	for _, file := range files {
		r, err := process.Read(file)
		require.NoError(t, err)
		require.Equal(t, process.Running, r.State(), "%s, pid %d", r.Name, r.PID)
	}
}

// script runs a script of this folder and returns what it prints. Its
// progress goes to the test's own output.
func script(t *testing.T, name string, args ...string) string {
	t.Helper()
	// Not the test's own context: that has ended when the servers are to.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Minute)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // this project's own scripts
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	require.NoError(t, cmd.Run(), "%s: %s", name, out.String())
	return out.String()
}
