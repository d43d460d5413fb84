package cut

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

// quota is a limit of a group of v2.
type quota struct{ group cgroup.Group }

func (q quota) Now() (cgroup.Quota, error)   { return q.group.Quota() }
func (q quota) Set(value cgroup.Quota) error { return q.group.SetQuota(value) }
func (quota) String() string                 { return "the quota" }

func (quota) Least(a, b cgroup.Quota) cgroup.Quota {
	if a.Max == 0 || b.Max < a.Max {
		return b
	}
	return a
}

// cutFor is a cut of a group of v2 in a folder, without a kernel.
func cutFor(t *testing.T, was, to cgroup.Quota) Cut[cgroup.Quota] {
	t.Helper()
	dir := t.TempDir()
	g := cgroup.Group{Dir: dir, Top: filepath.Dir(dir), V2: true}
	require.NoError(t, g.SetQuota(was))
	note, err := Note(t.TempDir(), "faultline-", dir)
	require.NoError(t, err)
	return Cut[cgroup.Quota]{Group: g, Limit: quota{g}, Was: was, To: to, Note: note}
}

func now(t *testing.T, p Cut[cgroup.Quota]) cgroup.Quota {
	t.Helper()
	q, err := p.Group.Quota()
	require.NoError(t, err)
	return q
}

// TestTheLastToGoPutsBackWhatWas: whatever cuts there are at a time, in
// whichever order they go, and wherever one who makes or mends them dies.
func TestTheLastToGoPutsBackWhatWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		was := ms(50 * rapid.IntRange(0, 4).Draw(rt, "was"))
		first := cutFor(t, was, ms(10*rapid.IntRange(1, 3).Draw(rt, "cut")))
		all := []Cut[cgroup.Quota]{first}
		for range 2 {
			p := first
			var err error
			p.Note, err = Note(filepath.Dir(first.Note), "faultline-", p.Group.Dir)
			require.NoError(t, err)
			p.To = ms(10 * rapid.IntRange(1, 3).Draw(rt, "cut"))
			all = append(all, p)
		}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			p := rapid.SampledFrom(all).Draw(rt, "who")
			c, now, err := p.look()
			require.NoError(t, err)
			own, there := c[p.Note]
			switch rapid.SampledFrom([]string{"make", "mend", "die making", "die mending", "late"}).Draw(rt, "does") {
			case "make":
				require.NoError(t, p.Make(t.Context()))
				seen, _, err := p.See(t.Context())
				require.NoError(t, err)
				require.Equal(t, faults.Present, seen)
			case "mend":
				require.NoError(t, p.Mend(t.Context()))
			case "die making": // noted, and not made
				if !there {
					require.NoError(t, c.made(was, p.To).write(p.Note))
				}
			case "die mending": // mended, and not struck out
				if there && c.ours(now) {
					require.NoError(t, p.Group.SetQuota(c.without(p.Note).due(p.Limit, own.Was)))
				}
			case "late": // what it found due is so no more
				if there {
					require.NoError(t, p.Group.SetQuota(rapid.SampledFrom(append(slices.Clone(own.Beside), own.To)).Draw(rt, "sets")))
				}
			}
		}
		for _, p := range all {
			require.NoError(t, p.Mend(t.Context()))
		}
		require.Equal(t, was, now(t, first))
		left, err := filepath.Glob(filepath.Join(filepath.Dir(first.Note), "*"))
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

func TestANoteThatIsLostIsNotNeeded(t *testing.T) {
	p := cutFor(t, ms(0), ms(10))
	require.NoError(t, p.Make(t.Context()))
	require.NoError(t, os.Remove(p.Note))
	require.NoError(t, p.Mend(t.Context()))
	assert.Equal(t, p.Was, now(t, p))
}

func TestANoteThatIsDamagedStopsTheUndoing(t *testing.T) {
	p := cutFor(t, ms(0), ms(10))
	require.NoError(t, p.Make(t.Context()))
	require.NoError(t, os.WriteFile(p.Note, []byte(`{"was":`), 0o600))
	require.ErrorContains(t, p.Mend(t.Context()), "reading the cut of a limit")
	assert.Equal(t, p.To, now(t, p), "nothing was overwritten")
}

// TestWhoIsFrozenKeepsNobodyFromUndoing holds the lock for ever, as an agent
// does that was stopped just there.
func TestWhoIsFrozenKeepsNobodyFromUndoing(t *testing.T) {
	p := cutFor(t, ms(80), ms(10))
	require.NoError(t, p.Make(t.Context()))
	dir, err := os.Open(p.Group.Dir)
	require.NoError(t, err)
	defer dir.Close() //nolint:errcheck // of a test
	require.NoError(t, unix.Flock(int(dir.Fd()), unix.LOCK_EX))
	require.NoError(t, p.Mend(t.Context()))
	assert.Equal(t, p.Was, now(t, p))
	// It goes on now, and sets what it had found due.
	require.NoError(t, p.Group.SetQuota(p.To))
	require.NoError(t, p.settle())
	assert.Equal(t, p.Was, now(t, p), "its note was struck out meanwhile")
}
