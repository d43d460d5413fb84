package lake

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExpireKeepsEveryRow appends past the point where snapshots expire: the
// oldest go, and no row with them.
func TestExpireKeepsEveryRow(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	d := definition()
	d.KeepSnapshots = 3
	opened, err := OpenTable(t.Context(), l, d)
	require.NoError(t, err)
	at, first, most := Watermark{}, int64(0), 0
	for i := range int64(2*expireSlack + 10) {
		s, err := opened.Append(t.Context(), trades("BHP", i, 1), at, mark(i+1))
		require.NoError(t, err)
		at = mark(i + 1)
		if first == 0 {
			first = s.ID
		}
		current, err := l.load(t.Context(), d.Namespace, d.Name)
		require.NoError(t, err)
		most = max(most, len(current.Metadata().Snapshots()))
	}
	assert.Equal(t, 3+expireSlack, most, "snapshots that were there at once")
	requireOnce(t, l, trades("BHP", 0, 2*expireSlack+10))
	now, err := opened.Watermark(t.Context())
	require.NoError(t, err)
	assert.Equal(t, at, now)
	_, err = offsets(t.Context(), l, ScanOptions{SnapshotID: first})
	require.ErrorContains(t, err, "expired")
}

// TestKeepAllSnapshots is the default: a verdict names snapshots of the trade
// table that must stay readable.
func TestKeepAllSnapshots(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	s, err := opened.Append(t.Context(), trades("BHP", 0, 1), Watermark{}, mark(1))
	require.NoError(t, err)
	for i := int64(1); i < expireSlack+10; i++ {
		_, err := opened.Append(t.Context(), trades("BHP", i, 1), mark(i), mark(i+1))
		require.NoError(t, err)
	}
	found, err := offsets(t.Context(), l, ScanOptions{SnapshotID: s.ID})
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"BHP0": 1}, found)
}

func TestDefinitionRefusesNegativeSnapshots(t *testing.T) {
	d := definition()
	d.KeepSnapshots = -1
	require.ErrorContains(t, d.Validate(), "keeping -1 snapshots")
}
