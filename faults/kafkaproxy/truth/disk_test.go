package truth

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/roottest"
)

// TestAFullDiskRefusesAndHeals: what was refused is not there, seq goes on
// without a gap, and a restart sees the same.
func TestAFullDiskRefusesAndHeals(t *testing.T) {
	root := t.TempDir()
	roottest.Disk(t, root, "256k")
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
