package truth

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWriteNumbersWithoutAGap(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 25 {
				two := []Entry{fetched("x", "r", int64(i)), fetched("y", "s", int64(w))}
				if assert.NoError(t, j.Write(two)) {
					assert.Equal(t, two[0].Seq+1, two[1].Seq)
					assert.Equal(t, j.Run(), two[0].Run)
					assert.WithinDuration(t, time.Now(), two[0].At, time.Minute)
				}
			}
		})
	}
	writers.Wait()
	var seq uint64
	for _, l := range lines(t, j) {
		if l.Entry != nil {
			seq++
			assert.Equal(t, seq, l.Entry.Seq)
		}
	}
	assert.Equal(t, uint64(400), seq)
	assert.Equal(t, uint64(200), j.Counts("r"))
	assert.Zero(t, j.Counts("nobody"))
	assert.Less(t, j.group, uint64(200), "writers share a sync")
}

func TestCloseCountsAndRefusesMore(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	require.NoError(t, j.Begin(Receipt{ID: "idle", Experiment: "x", Step: "a", Fault: "kafka.drop"}))
	require.NoError(t, j.Write([]Entry{fetched("x", "r", 1), fetched("x", "r", 2)}))
	first := j.Run()
	require.NoError(t, j.Shut())

	j = open(t, dir, Options{})
	assert.Equal(t, uint64(2), j.Counts("r"), "counts outlive the proxy")
	assert.Equal(t, []Receipt{{"idle", "x", "a", "kafka.drop"}, {"r", "x", "corrupt", "kafka.corrupt"}}, j.Unclosed())
	require.NoError(t, j.Write([]Entry{fetched("x", "r", 3)}))
	for range 2 {
		require.NoError(t, j.Close("r"))
		require.NoError(t, j.Close("idle"))
	}
	require.NoError(t, j.Close("nobody"))
	require.ErrorIs(t, j.Write([]Entry{fetched("x", "r", 4)}), ErrClosed)
	require.ErrorIs(t, j.Begin(Receipt{ID: "r", Experiment: "x"}), ErrClosed)
	assert.Empty(t, j.Unclosed())
	all := lines(t, j)
	assert.Equal(t, []string{"begun idle", "1 r@1", "2 r@2", "1 r@3", "closed r 3", "closed idle 0"}, told(all))
	shut := all[len(all)-2].Closed
	assert.Equal(t, []RunPart{{first, 2, 2}, {j.Run(), 1, 1}}, shut.Runs)
	assert.Equal(t, uint64(3), j.Counts("r"))
}

func TestSettleSaysOnce(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	require.NoError(t, j.Write([]Entry{produced("r", 7, 0), produced("r", 7, 3), produced("r", 8, 0)}))
	require.NoError(t, j.Settle(7, 100))
	require.NoError(t, j.Settle(7, 200))
	require.NoError(t, j.Settle(9, 1))
	assert.Equal(t, []string{"1 r@-1", "2 r@-1", "3 r@-1", "settled 7@100"}, told(lines(t, j)))
	require.NoError(t, j.Shut())
	j = open(t, dir, Options{})
	assert.Equal(t, "settled 8@-1", told(lines(t, j))[4], "what an earlier run did not hear is unknown")
}

func TestSegmentsAreBoundedAndStandAlone(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{SegmentBytes: 2 << 10})
	for i := range 40 {
		require.NoError(t, j.Write([]Entry{fetched("x", "r", int64(i))}))
	}
	files, err := segments(dir)
	require.NoError(t, err)
	require.Greater(t, len(files), 5)
	for _, n := range files {
		info, err := os.Stat(segmentPath(dir, n))
		require.NoError(t, err)
		assert.LessOrEqual(t, info.Size(), int64(2<<10))
	}
	require.NoError(t, j.drop(place{files[len(files)-1], 0}))
	require.NoError(t, j.Shut())
	j = open(t, dir, Options{})
	assert.Equal(t, uint64(40), j.Counts("r"), "what was deleted is counted")
}

func TestOneProxyForAFolder(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Options{})
	_, err := Open(dir, Options{})
	require.ErrorContains(t, err, "another proxy uses it")
}

func TestAJournalThatIsNotPublishedIsFull(t *testing.T) {
	j := open(t, t.TempDir(), Options{SegmentBytes: 1 << 10, MaxBytes: 4 << 10})
	var err error
	for err == nil {
		err = j.Write([]Entry{produced("r", 1, 0)})
	}
	require.ErrorIs(t, err, ErrFull)
	require.NoError(t, j.Settle(1, 5), "what is there can still be settled")
	numbers, err := segments(j.dir)
	require.NoError(t, err)
	require.NoError(t, j.drop(place{numbers[len(numbers)-1], 0}))
	require.NoError(t, j.Write([]Entry{fetched("x", "r", 1)}), "there is room again")
}

func TestAShutJournalTakesNothing(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	require.NoError(t, j.Shut())
	require.ErrorIs(t, j.Write([]Entry{fetched("x", "r", 1)}), errShut)
}

func TestEntriesNeedAReceipt(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	require.ErrorContains(t, j.Write([]Entry{{Experiment: "x"}}), "must be set")
	require.ErrorContains(t, j.Begin(Receipt{ID: "r"}), "must be set")
	require.NoError(t, j.Write(nil))
}
