package container_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/restartloop"
	"github.com/k2-platform/faultline/internal/docker/dockertest"
	"github.com/k2-platform/faultline/ledger"
)

// again is a loop on the bench's container that has begun.
func (b bench) again(every string, expires time.Duration) (faults.Receipt, faults.Driver) {
	b.t.Helper()
	r, d := b.must(restartloop.Kind, map[string]string{"every": every})
	r.Expires = ledger.Boottime() + expires
	b.t.Cleanup(func() { assert.NoError(b.t, d.Rollback(context.Background(), r)) })
	require.NoError(b.t, d.Inject(b.t.Context(), r))
	return r, d
}

func TestAContainerIsRestartedAgainAndAgain(t *testing.T) {
	b := newBench(t)
	r, d := b.again("100ms", time.Minute)
	for range 3 {
		was := b.Now("box").State.StartedAt
		require.Eventually(t, func() bool { return b.Now("box").State.StartedAt != was }, 10*time.Second, time.Millisecond)
		seen, err := d.Probe(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, faults.Present, seen)
	}
	require.NoError(t, d.Rollback(t.Context(), r))
	mended := b.Now("box")
	assert.True(t, mended.State.Running)
	require.Never(t, func() bool { return b.Now("box").State.StartedAt != mended.State.StartedAt }, 500*time.Millisecond, 20*time.Millisecond)
	left, err := filepath.Glob(filepath.Join(filepath.Dir(r.Undo["mark"]), "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestALoopOfRestartsEndsAtItsDeadline(t *testing.T) {
	b := newBench(t)
	r, d := b.again("100ms", 2*time.Second)
	require.Eventually(t, func() bool {
		seen, err := d.Probe(t.Context(), r)
		return err == nil && seen == faults.Absent
	}, 20*time.Second, 20*time.Millisecond)
	k, ok := d.(faults.Keeper)
	require.True(t, ok)
	require.ErrorContains(t, k.Keep(t.Context(), r), "its time is over")
}

// Nothing is left to restart, and nothing is made anew.
func TestALoopEndsWithItsContainer(t *testing.T) {
	b := newBench(t)
	r, d := b.again("100ms", time.Minute)
	b.Remove("box")
	require.Eventually(t, func() bool {
		seen, err := d.Probe(t.Context(), r)
		return err == nil && seen == faults.Absent
	}, 10*time.Second, 20*time.Millisecond)
	require.NoError(t, d.Rollback(t.Context(), r))
}

// The loop was ended when it had asked for a restart: a rollback that looks
// before the engine has done it would take a container for whole that is about to be killed.
func TestARestartThatIsOnItsWayIsWaitedFor(t *testing.T) {
	b := newBench(t)
	r, d := b.must(restartloop.Kind, nil)
	require.NoError(t, os.WriteFile(r.Undo["mark"], []byte("box\n"), 0o600))
	done := make(chan error, 1)
	go func() { done <- d.Rollback(t.Context(), r) }()
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	b.Change("box", func(c *dockertest.Container) { c.State.StartedAt = "later" })
	require.NoError(t, <-done)
	_, err := os.Stat(r.Undo["mark"])
	require.ErrorIs(t, err, os.ErrNotExist)
}
