package lake

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const keptDir = "FAULTLINE_LAKE_TEST_KEPT"

// TestKilledKeeper is no test of its own: TestKillOfAKeeperLosesNothing runs it
// in processes that it kills.
func TestKilledKeeper(t *testing.T) {
	dir := os.Getenv(keptDir)
	if dir == "" {
		t.Skip("started by TestKillOfAKeeperLosesNothing")
	}
	l := open(t, configIn(dir))
	for {
		// Files of the writer beside it are younger than a minute.
		_, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{MinFiles: 2, KeepSnapshots: 3, SnapshotAge: time.Nanosecond, OrphanAge: time.Minute})
		if err != nil && !errors.Is(err, ErrNoTable) {
			t.Fatal(err)
		}
	}
}

// A table is compacted and its snapshots expire beside a writer, and the keeper
// is killed at any moment: every row is there once, and what it left is removed
// by the next.
func TestKillOfAKeeperLosesNothing(t *testing.T) {
	dir := t.TempDir()
	l := open(t, configIn(dir))
	opened := openTable(t, l)
	next := int64(0)
	grow := func(n int64) {
		at := mark(next)
		for range n {
			_, err := opened.Append(t.Context(), trades("BHP", next, 2), at, mark(next+2))
			require.NoError(t, err)
			next += 2
			at = mark(next)
		}
	}
	grow(4)
	for round := range 4 {
		kill := startItself(t, "TestKilledKeeper", keptDir+"="+dir)
		merged := func() bool {
			loaded, err := l.load(t.Context(), "chaos", "trades")
			return err == nil && loaded.CurrentSnapshot().Summary.Operation == "replace"
		}
		require.Eventually(t, merged, 30*time.Second, time.Millisecond, "the keeper merged nothing")
		grow(3)
		pause(t, time.Duration(29*round)*time.Millisecond) // another moment each round
		kill()
		requireOnce(t, l, trades("BHP", 0, next))
	}
	kept, err := l.Maintain(t.Context(), "chaos", "trades", Upkeep{MinFiles: 2, KeepSnapshots: 1, SnapshotAge: time.Nanosecond, OrphanAge: time.Nanosecond})
	require.NoError(t, err)
	requireOnce(t, l, trades("BHP", 0, next))
	t.Logf("the last run: %+v", kept)
	assert.Len(t, stored(t, dir, ".parquet"), planned(t, l), "nothing is left that no snapshot needs")
	got, err := opened.Watermark(t.Context())
	require.NoError(t, err)
	assert.Equal(t, mark(next), got)
}
