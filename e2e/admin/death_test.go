//go:build e2e

package admin_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
)

// TestTheLeaderThatWasIsDead: the order of replicas comes back, and the leader
// does once it can lead.
func TestTheLeaderThatWasIsDead(t *testing.T) {
	a, on := admin(t), fresh(t, 3)
	before := places(t, a, on.Topic.Name)
	d, r := plan(t, "topic.move_leader", map[string]string{"partition": "0"}, on)
	require.NoError(t, d.Inject(t.Context(), r))
	name := fmt.Sprintf("kafka-%d", before[0].leader)
	broker, err := process.Read(filepath.Join(fromEnv(t, "E2E_RECORDS"), name+".json"))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(broker.PID, syscall.SIGKILL))
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	require.NoError(t, d.Rollback(ctx, r))
	got, err := d.Probe(ctx, r)
	require.NoError(t, err)
	assert.Equal(t, faults.Absent, got)
	now := places(t, a, on.Topic.Name)
	assert.Equal(t, before[0].replicas, now[0].replicas)
	out, err := exec.CommandContext(t.Context(), "../servers/restart.sh", name).CombinedOutput() //nolint:gosec // this project's own script
	require.NoError(t, err, "%s", out)
	require.Eventually(t, func() bool {
		all, err := a.ListTopics(t.Context(), on.Topic.Name)
		return err == nil && len(all[on.Topic.Name].Partitions[0].ISR) == 3
	}, 2*patience, 50*time.Millisecond)
}
