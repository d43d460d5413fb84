package disk_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/spec"
)

func TestFullDriver(t *testing.T) {
	dir, d := small(t), driver(t)
	faultstest.Run(t, faultstest.Suite{
		Fault: full(),
		New:   func() faults.Driver { return d },
		As:    func(string) spec.Target { return target(dir) },
	})
	found, err := filepath.Glob(filepath.Join(dir, "..", "..", ".*"))
	require.NoError(t, err)
	assert.Empty(t, found, "files of faults that are gone")
}

func TestTheDiskIsFullAndIsGivenBack(t *testing.T) {
	for name, place := range map[string]func(t *testing.T) string{
		"tmpfs": small,
		"ext4": func(t *testing.T) string {
			t.Helper()
			dir := t.TempDir()
			mount(t, image(t), dir)
			return inside(t, dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, d := place(t), driver(t)
			before := left(t, dir)
			for with, want := range map[[2]string]int64{{"to", "100%"}: 0, {"free", "3MiB"}: 3 * mib, {"reserved", "take"}: 0} {
				r := inject(t, d, full(with[0], with[1]), target(dir))
				assert.InDelta(t, want, left(t, dir), 64<<10, with)
				assert.Equal(t, faults.Present, probe(t, r))
				assert.Equal(t, filepath.Dir(filepath.Dir(dir)), filepath.Dir(r.Undo["file"]), "it is out of the target's way")
				if with[0] == "reserved" {
					err := os.WriteFile(filepath.Join(dir, "more"), zeros(mib), 0o600)
					require.ErrorIs(t, err, unix.ENOSPC, "root may not write either")
					require.NoError(t, os.Remove(filepath.Join(dir, "more")))
				}
				require.NoError(t, d.Keep(t.Context(), r))
				require.NoError(t, d.Rollback(t.Context(), r))
				assert.Equal(t, faults.Absent, probe(t, r))
				assert.Equal(t, before, left(t, dir), "all is given back")
			}
		})
	}
}

func zeros(n int) []byte { return make([]byte, n) }

func TestAShareIsWhatDfShows(t *testing.T) {
	dir, d := small(t), driver(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "log"), zeros(4*mib), 0o600))
	r := inject(t, d, full("to", "75%"), target(dir))
	assert.InDelta(t, 4*mib, left(t, dir), 64<<10)
	require.NoError(t, d.Rollback(t.Context(), r))
}

// TestWhatTheTargetGivesBackIsItsOwn: a target that makes room has it.
func TestWhatTheTargetGivesBackIsItsOwn(t *testing.T) {
	dir, d := small(t), driver(t)
	log := filepath.Join(dir, "log")
	require.NoError(t, os.WriteFile(log, zeros(4*mib), 0o600))
	r := inject(t, d, full(), target(dir))
	require.NoError(t, os.Remove(log))
	require.NoError(t, d.Keep(t.Context(), r))
	assert.InDelta(t, 4*mib, left(t, dir), 64<<10)
	assert.Equal(t, faults.Present, probe(t, r))
	require.NoError(t, d.Rollback(t.Context(), r))
}

// TestTwoOnOneDisk: the second holds what the first leaves, and takes over what
// it gives back.
func TestTwoOnOneDisk(t *testing.T) {
	dir, d := small(t), driver(t)
	before := left(t, dir)
	first := inject(t, d, full("to", "80%"), target(dir))
	second := inject(t, d, full(), target(filepath.Dir(dir)))
	third := inject(t, d, full("free", "2MiB"), target(dir))
	assert.Less(t, left(t, dir), int64(64<<10))
	for _, r := range []faults.Receipt{first, second, third} {
		assert.Equal(t, faults.Present, probe(t, r))
	}
	require.NoError(t, d.Rollback(t.Context(), first))
	assert.Equal(t, faults.Unseen, probe(t, second), "it is not full at this moment")
	require.NoError(t, d.Keep(t.Context(), second))
	assert.Equal(t, faults.Present, probe(t, second))
	assert.Less(t, left(t, dir), int64(64<<10))
	require.NoError(t, d.Rollback(t.Context(), second))
	require.NoError(t, d.Keep(t.Context(), third))
	assert.Equal(t, faults.Present, probe(t, third))
	assert.InDelta(t, 2*mib, left(t, dir), 64<<10)
	require.NoError(t, d.Rollback(t.Context(), third))
	assert.Equal(t, before, left(t, dir))
}

func TestAFileThatSomebodyRemoved(t *testing.T) {
	dir, d := small(t), driver(t)
	r := inject(t, d, full(), target(dir))
	require.NoError(t, os.Remove(r.Undo["file"]))
	assert.Equal(t, faults.Absent, probe(t, r))
	require.ErrorContains(t, d.Keep(t.Context(), r), "overtaken")
	_, err := os.Stat(r.Undo["file"])
	require.ErrorIs(t, err, os.ErrNotExist, "to keep a fault never makes one")
	require.NoError(t, d.Rollback(t.Context(), r))
}

// TestNoRoomIsKeptByWhoStandsStill has the file open, as an agent does that is
// frozen while it fills.
func TestNoRoomIsKeptByWhoStandsStill(t *testing.T) {
	dir, d := small(t), driver(t)
	before := left(t, dir)
	r := inject(t, d, full(), target(dir))
	still, err := os.Open(r.Undo["file"])
	require.NoError(t, err)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, before, left(t, dir))
	require.NoError(t, still.Close())
}

func TestOneThatIsHalfMade(t *testing.T) {
	dir, d := small(t), driver(t)
	r := plan(t, d, full(), target(dir))
	half, err := os.Create(r.Undo["file"])
	require.NoError(t, err)
	require.NoError(t, unix.Fallocate(int(half.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, 3*mib))
	require.NoError(t, half.Close())
	assert.Equal(t, faults.Unseen, probe(t, r))
	require.NoError(t, d.Inject(t.Context(), r))
	assert.Equal(t, faults.Present, probe(t, r))
	assert.Less(t, left(t, dir), int64(64<<10))
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, faults.Absent, probe(t, r))
}
