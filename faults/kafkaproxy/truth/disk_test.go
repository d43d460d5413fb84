package truth

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// disk mounts a file system of its own. Without the right to it the test is
// skipped, or fails where FAULTLINE_REQUIRE_ROOT=1 says that all must run.
func disk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("faultline", dir, "tmpfs", 0, "size=256k"); err != nil {
		if os.Getenv("FAULTLINE_REQUIRE_ROOT") == "1" {
			t.Fatalf("mounting a disk to fill: %v; run this as root", err)
		}
		t.Skipf("mounting a disk to fill: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, 0)) })
	return dir
}

// TestAFullDiskRefusesAndHeals: what was refused is not there, seq goes on
// without a gap, and a restart sees the same.
func TestAFullDiskRefusesAndHeals(t *testing.T) {
	root := disk(t)
	dir, filler := filepath.Join(root, "truth"), filepath.Join(root, "filler")
	j := open(t, dir, Options{SegmentBytes: 16 << 10})
	require.NoError(t, j.Write([]Entry{produced("r", 1, 0)}))
	for round := range 3 {
		fill(t, filler)
		var err error
		for n := 0; err == nil && n < 1000; n++ {
			err = j.Write([]Entry{fetched("x", "r", int64(round))})
		}
		require.ErrorIs(t, err, unix.ENOSPC)
		require.Error(t, j.Write([]Entry{fetched("x", "r", 7)}), "it stays full")
		require.NoError(t, os.Remove(filler))
		require.NoError(t, j.Write([]Entry{fetched("x", "r", 8)}), "it heals when there is room")
	}
	require.NoError(t, j.Close("r"))
	want := j.Counts("r")
	check := func(j *Journal) {
		var seq uint64
		for _, l := range lines(t, j) {
			if l.Entry != nil {
				seq++
				require.Equal(t, seq, l.Entry.Seq)
				require.NotEqual(t, int64(7), l.Entry.Offset, "what was refused is there")
			}
		}
		assert.Equal(t, want, seq)
	}
	check(j)
	require.NoError(t, j.Shut())
	again := open(t, dir, Options{})
	check(again)
	assert.Equal(t, want, again.Counts("r"))
}

func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, errors.Join(err, f.Close()), unix.ENOSPC)
}
