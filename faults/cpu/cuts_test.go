package cpu

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/internal/cgroup"
)

const period = 100 * time.Millisecond

// made is a group of v2 in a folder, without a kernel.
func made(t *testing.T, was cgroup.Quota) cgroup.Group {
	t.Helper()
	dir := t.TempDir()
	g := cgroup.Group{Dir: dir, Top: filepath.Dir(dir), V2: true}
	require.NoError(t, g.SetQuota(was))
	return g
}

// TestTheLastToGoPutsBackWhatWas: whatever cuts there are at a time, in
// whichever order they go, and wherever one who makes or mends them dies.
func TestTheLastToGoPutsBackWhatWas(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		was := cgroup.Quota{Max: time.Duration(rapid.IntRange(0, 4).Draw(rt, "was")) * 50 * time.Millisecond, Period: period}
		g := made(t, was)
		file := filepath.Join(t.TempDir(), fmt.Sprintf("cuts-%d.json", n))
		pieces := map[string]piece{}
		for _, id := range []string{"a", "b", "c"} {
			cut := cgroup.Quota{Max: time.Duration(rapid.IntRange(1, 3).Draw(rt, id)) * 10 * time.Millisecond, Period: period}
			pieces[id] = piece{group: g, was: was, cut: cut, file: file}
		}
		live := map[string]bool{}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "who")
			p := pieces[id]
			switch rapid.SampledFrom([]string{"make", "mend", "die making", "die mending"}).Draw(rt, "does") {
			case "make":
				require.NoError(t, p.make(t.Context(), id))
				live[id] = true
			case "mend":
				require.NoError(t, p.mend(t.Context(), id))
				delete(live, id)
			case "die making": // noted, and not made
				c, there, err := readCuts(file)
				require.NoError(t, err)
				if !there {
					c = cuts{Was: was, Live: map[string]cgroup.Quota{}}
				}
				c.Live[id] = p.cut
				require.NoError(t, c.write(file))
				live[id] = true // perhaps
			case "die mending": // mended, and not struck out
				now, c, err := p.state(id)
				require.NoError(t, err)
				if _, there := c.Live[id]; there && c.ours(now) {
					delete(c.Live, id)
					require.NoError(t, g.SetQuota(c.due()))
				}
			}
		}
		for id := range live {
			require.NoError(t, pieces[id].mend(t.Context(), id))
		}
		now, err := g.Quota()
		require.NoError(t, err)
		require.Equal(t, was, now)
		_, err = os.Stat(file)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestANoteThatIsLostIsNotNeeded(t *testing.T) {
	was := cgroup.Quota{Period: period}
	p := piece{group: made(t, was), was: was, cut: cgroup.Quota{Max: 10 * time.Millisecond, Period: period}, file: filepath.Join(t.TempDir(), "cuts.json")}
	require.NoError(t, p.make(t.Context(), "a"))
	require.NoError(t, os.Remove(p.file))
	require.NoError(t, p.mend(t.Context(), "a"))
	now, err := p.group.Quota()
	require.NoError(t, err)
	assert.Equal(t, was, now)
}

func TestANoteThatIsDamagedStopsTheUndoing(t *testing.T) {
	was := cgroup.Quota{Period: period}
	p := piece{group: made(t, was), was: was, cut: cgroup.Quota{Max: 10 * time.Millisecond, Period: period}, file: filepath.Join(t.TempDir(), "cuts.json")}
	require.NoError(t, p.make(t.Context(), "a"))
	require.NoError(t, os.WriteFile(p.file, []byte(`{"was":`), 0o600))
	require.ErrorContains(t, p.mend(t.Context(), "a"), "reading the cuts of a quota")
	now, err := p.group.Quota()
	require.NoError(t, err)
	assert.Equal(t, p.cut, now, "nothing was overwritten")
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
