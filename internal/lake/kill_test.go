package lake

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const killedDir = "FAULTLINE_LAKE_TEST_DIR"

// TestKilledWriter is no test of its own: TestKillLosesAndDoublesNothing runs
// it in processes that it kills.
func TestKilledWriter(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("started by TestKillLosesAndDoublesNothing")
	}
	opened := openTable(t, open(t, configIn(dir)))
	for {
		at, err := opened.Watermark(t.Context())
		require.NoError(t, err)
		next := at[Partition{Topic: "market.trades", Partition: 3}]
		_, err = opened.Append(t.Context(), trades("BHP", next, 2), at, mark(next+2))
		if err != nil && !errors.Is(err, ErrStale) {
			t.Fatal(err)
		}
	}
}

// Two processes append to one table and are killed at any moment; whatever
// the moment, rows and watermark agree, and nothing is missing or twice.
func TestKillLosesAndDoublesNothing(t *testing.T) {
	dir := t.TempDir()
	l := open(t, configIn(dir))
	opened := openTable(t, l)
	var before int64
	for round := range 4 {
		life := time.Duration(37*round) * time.Millisecond // another moment of a commit each round
		killTwo(t, dir, func() { awaitWatermark(t, opened, before+4); pause(t, life) })

		at, err := opened.Watermark(t.Context())
		require.NoError(t, err)
		before = at[Partition{Topic: "market.trades", Partition: 3}]
		requireOnce(t, l, trades("BHP", 0, before))
	}
}

func killTwo(t *testing.T, dir string, meanwhile func()) {
	t.Helper()
	var started []func()
	for range 2 {
		started = append(started, startItself(t, "TestKilledWriter", killedDir+"="+dir))
	}
	meanwhile()
	for _, kill := range started {
		kill()
	}
}

// startItself runs one test of this binary as a process of its own, which must
// live until it is killed.
func startItself(t *testing.T, test, variable string) (kill func()) {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	//nolint:gosec // this very test binary
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^"+test+"$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), variable)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	return func() {
		t.Helper()
		require.NoError(t, cmd.Process.Kill(), "it ended by itself")
		var exit *exec.ExitError
		require.ErrorAs(t, cmd.Wait(), &exit)
		require.Equal(t, -1, exit.ExitCode(), "killed, not failed: %s", &said)
	}
}

func awaitWatermark(t *testing.T, opened *Table[trade], want int64) {
	t.Helper()
	require.Eventually(t, func() bool {
		at, err := opened.Watermark(context.WithoutCancel(t.Context()))
		return err == nil && at[Partition{Topic: "market.trades", Partition: 3}] >= want
	}, 30*time.Second, 10*time.Millisecond, "no process came to "+strconv.FormatInt(want, 10))
}

// pause spreads the moments of the kills; no assertion rests on its length.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	require.NoError(t, sleep(t.Context(), d))
}
