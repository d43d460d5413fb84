//go:build e2e

package e2e_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/chaostest"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// chaosHome tells a child of the test below which pipeline is meant.
const chaosHome = "E2E_CHAOS_HOME"

// chaosLease is the shortest that a document may have.
const chaosLease = 5 * time.Second

func TestChaosContext(t *testing.T) {
	p := startEmbedded(t, nil)
	where := chaostest.Where{Home: p.home}
	t.Run("the broker goes and comes back", func(t *testing.T) {
		chaos := chaostest.New(t, chaostest.Config{Settings: where, Timeout: spec.Duration(2 * time.Minute)})
		monitor := chaos.Monitor(2*time.Second, time.Second, "ingestion_rate", "error_rate")
		require.Positive(t, monitor.Baseline["ingestion_rate"])
		chaos.StopKafkaBroker("kafka")
		assert.Eventually(t, func() bool {
			rate, read := monitor.Current()["ingestion_rate"]
			return read && rate < 0.5*monitor.Baseline["ingestion_rate"]
		}, 40*time.Second, 250*time.Millisecond, "ingestion goes on without its broker")
		chaos.StartKafkaBroker("kafka")
		require.False(t, chaos.Active())
		require.NoError(t, chaos.Leave(t.Context()))
	})
	t.Run("a killed test leaves no fault", func(t *testing.T) {
		pipeline, err := chaostest.Connect(t.Context(), where)
		require.NoError(t, err)
		defer func() { require.NoError(t, pipeline.Close()) }()
		id := killedChild(t, p.home)
		ctx, stop := context.WithTimeout(t.Context(), chaosLease+20*time.Second)
		defer stop()
		began := time.Now()
		s, err := pipeline.Await(ctx, id, func(s experiment.State) bool { return s.Phase == experiment.Aborted })
		require.NoError(t, err, "the experiment is %s", s.Phase)
		t.Logf("gone %s after the test was killed", time.Since(began).Round(time.Millisecond))
		require.Len(t, s.Steps, 1)
		assert.False(t, s.Steps[0].Gone.IsZero())
		assert.Equal(t, events.Abort, s.Steps[0].Cause)
		left, _ := p.faultline("ledger", "list")
		assert.Contains(t, left, "no fault is in place")
	})
	p.end()
}

// killedChild is the experiment of a test process that was killed while its
// fault was in place.
func killedChild(t *testing.T, home string) spec.ExperimentID {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestChaosChild$", "-test.timeout", "2m") //nolint:gosec // this test's own binary
	cmd.Env, cmd.Stderr = append(environment(), chaosHome+"="+home), os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "in place: "); ok {
			require.NoError(t, cmd.Process.Kill())
			require.Error(t, cmd.Wait())
			return spec.ExperimentID(id)
		}
	}
	require.FailNow(t, "the child ended without a fault", "%v", cmd.Wait())
	return ""
}

// TestChaosChild is the process that is killed.
func TestChaosChild(t *testing.T) {
	home := os.Getenv(chaosHome)
	if home == "" {
		t.Skip("it is for TestChaosContext, which starts it")
	}
	chaos := chaostest.New(t, chaostest.Config{Settings: chaostest.Where{Home: home}, Lease: spec.Duration(chaosLease)})
	f := chaos.Must("process.pause", "sink", nil)
	_, err := os.Stdout.WriteString("in place: " + string(f.ID) + "\n")
	require.NoError(t, err)
	<-t.Context().Done() // a signal ends it
}
