package cpu

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/cgroup"
)

const period = 100 * time.Millisecond

func ms(n int) cgroup.Quota {
	return cgroup.Quota{Max: time.Duration(n) * time.Millisecond, Period: period}
}

// pieceFor is a cut of a group of v2 in a folder, without a kernel.
func pieceFor(t *testing.T, was, to cgroup.Quota) piece {
	t.Helper()
	dir := t.TempDir()
	g := cgroup.Group{Dir: dir, Top: filepath.Dir(dir), V2: true}
	require.NoError(t, g.SetQuota(was))
	note, err := newNote(t.TempDir(), g)
	require.NoError(t, err)
	return piece{group: g, was: was, to: to, note: note}
}

func (p piece) now(t *testing.T) cgroup.Quota {
	t.Helper()
	q, err := p.group.Quota()
	require.NoError(t, err)
	return q
}

// TestTheLastToGoPutsBackWhatWas: whatever cuts there are at a time, in
// whichever order they go, and wherever one who makes or mends them dies.
func TestTheLastToGoPutsBackWhatWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		was := ms(50 * rapid.IntRange(0, 4).Draw(rt, "was"))
		first := pieceFor(t, was, ms(10*rapid.IntRange(1, 3).Draw(rt, "cut")))
		pieces := []piece{first}
		for range 2 {
			p := first
			var err error
			p.note, err = newNote(filepath.Dir(first.note), p.group)
			require.NoError(t, err)
			p.to = ms(10 * rapid.IntRange(1, 3).Draw(rt, "cut"))
			pieces = append(pieces, p)
		}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			p := rapid.SampledFrom(pieces).Draw(rt, "who")
			c, now, err := p.look()
			require.NoError(t, err)
			own, there := c[p.note]
			switch rapid.SampledFrom([]string{"make", "mend", "die making", "die mending", "late"}).Draw(rt, "does") {
			case "make":
				require.NoError(t, p.make(t.Context()))
				seen, _, err := p.see(t.Context())
				require.NoError(t, err)
				require.Equal(t, faults.Present, seen)
			case "mend":
				require.NoError(t, p.mend(t.Context()))
			case "die making": // noted, and not made
				if !there {
					require.NoError(t, c.made(was, p.to).write(p.note))
				}
			case "die mending": // mended, and not struck out
				if there && c.ours(now) {
					require.NoError(t, p.group.SetQuota(c.without(p.note).due(own.Was)))
				}
			case "late": // what it found due is so no more
				if there {
					require.NoError(t, p.group.SetQuota(rapid.SampledFrom(append(slices.Clone(own.Beside), own.To)).Draw(rt, "sets")))
				}
			}
		}
		for _, p := range pieces {
			require.NoError(t, p.mend(t.Context()))
		}
		require.Equal(t, was, first.now(t))
		left, err := filepath.Glob(filepath.Join(filepath.Dir(first.note), "*"))
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

func TestANoteThatIsLostIsNotNeeded(t *testing.T) {
	p := pieceFor(t, ms(0), ms(10))
	require.NoError(t, p.make(t.Context()))
	require.NoError(t, os.Remove(p.note))
	require.NoError(t, p.mend(t.Context()))
	assert.Equal(t, p.was, p.now(t))
}

func TestANoteThatIsDamagedStopsTheUndoing(t *testing.T) {
	p := pieceFor(t, ms(0), ms(10))
	require.NoError(t, p.make(t.Context()))
	require.NoError(t, os.WriteFile(p.note, []byte(`{"was":`), 0o600))
	require.ErrorContains(t, p.mend(t.Context()), "reading the cut of a quota")
	assert.Equal(t, p.to, p.now(t), "nothing was overwritten")
}

// TestWhoIsFrozenKeepsNobodyFromUndoing holds the lock for ever, as an agent
// does that was stopped just there.
func TestWhoIsFrozenKeepsNobodyFromUndoing(t *testing.T) {
	p := pieceFor(t, ms(80), ms(10))
	require.NoError(t, p.make(t.Context()))
	dir, err := os.Open(p.group.Dir)
	require.NoError(t, err)
	defer dir.Close() //nolint:errcheck // of a test
	require.NoError(t, unix.Flock(int(dir.Fd()), unix.LOCK_EX))
	require.NoError(t, p.mend(t.Context()))
	assert.Equal(t, p.was, p.now(t))
	// It goes on now, and sets what it had found due.
	require.NoError(t, p.group.SetQuota(p.to))
	require.NoError(t, p.settle())
	assert.Equal(t, p.was, p.now(t), "its note was struck out meanwhile")
}

func TestSpread(t *testing.T) {
	for cores, want := range map[float64]burn{
		0.3: {1, 0.3}, 1: {1, 1}, 1.5: {2, 0.75}, 2: {2, 1}, 0.01: {1, 0.01}, 3.0000000001: {3, 1},
	} {
		got := spread(cores)
		assert.Equal(t, want.Threads, got.Threads, cores)
		assert.InDelta(t, want.Duty, got.Duty, 1e-6, cores)
	}
}
