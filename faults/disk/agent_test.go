package disk_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/disk"
)

const agentVariable = "FAULTLINE_TEST_AGENT" // the receipt that an agent injects

// TestAnAgentThatIsKilled leaves a fault that is undone by its receipt alone,
// here by the process of the test.
func TestAnAgentThatIsKilled(t *testing.T) {
	if text := os.Getenv(agentVariable); text != "" {
		var r faults.Receipt
		require.NoError(t, json.Unmarshal([]byte(text), &r))
		require.NoError(t, disk.Full{}.Inject(t.Context(), r))
		require.NoError(t, unix.Kill(os.Getpid(), unix.SIGKILL))
	}
	dir := small(t)
	before := left(t, dir)
	r := plan(t, driver(t), full(), target(dir))
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAnAgentThatIsKilled$") //nolint:gosec // the test itself
	cmd.Env = append(os.Environ(), agentVariable+"="+string(raw))
	out, err := cmd.CombinedOutput()
	require.ErrorContains(t, err, "signal: killed", string(out))

	assert.Equal(t, faults.Present, probe(t, r))
	assert.Less(t, left(t, dir), int64(64<<10))
	require.NoError(t, disk.Full{}.Rollback(t.Context(), r))
	assert.Equal(t, faults.Absent, probe(t, r))
	assert.Equal(t, before, left(t, dir))
}
