package memory_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/faults/memory"
)

const agentVariable = "FAULTLINE_TEST_AGENT" // the receipt that an agent injects

// TestAnAgentThatIsKilled leaves a fault that is undone by its receipt alone,
// here by the process of the test.
func TestAnAgentThatIsKilled(t *testing.T) {
	if text := os.Getenv(agentVariable); text != "" {
		agent(t, text)
		return
	}
	d, g, target, _ := started(t)
	r := insidetest.Plan(t, d, target, to("50%"))
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAnAgentThatIsKilled$", "-test.v") //nolint:gosec // the test itself
	cmd.Env = append(os.Environ(), agentVariable+"="+string(raw))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "there" { //nolint:revive // what go test says before is of no interest
	}
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	assert.Equal(t, faults.Present, probe(t, r), "it does not go with its agent, but when its lease lapses")
	require.NoError(t, memory.Driver{}.Rollback(t.Context(), r))
	assert.Equal(t, faults.Absent, probe(t, r))
	assert.Less(t, usage(t, g), int64(limit/4))
	assert.True(t, target.Healthy())
}

// agent injects and waits to be killed.
func agent(t *testing.T, text string) {
	t.Helper()
	var r faults.Receipt
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	require.NoError(t, memory.Driver{}.Inject(t.Context(), r))
	fmt.Println("there")
	<-t.Context().Done()
}
