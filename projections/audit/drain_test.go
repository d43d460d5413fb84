package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/projections/audit"
)

func TestBooksAreClosedWhenTheSinkIsPastTheEndsAndItsTableQuiet(t *testing.T) {
	start := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	see := func(after time.Duration, next, snapshot int64) audit.Sight {
		return audit.Sight{At: start.Add(after), Next: map[int32]int64{0: next, 1: 5}, Snapshot: snapshot}
	}
	ends := map[int32]int64{0: 10, 1: 5}
	owned := audit.Drain{Ends: ends}
	assert.False(t, owned.See(see(0, 9, 1)))
	assert.Contains(t, owned.Waiting(see(0, 9, 1)), "1 records are not in the table")
	assert.True(t, owned.See(see(1, 10, 1)), "a table that owns the offsets takes nothing in later")

	d := audit.Drain{Ends: ends, Quiet: audit.Quiet{Commits: 2, For: time.Minute}}
	assert.False(t, d.See(see(0, 9, 1)))
	assert.False(t, d.See(see(time.Second, 10, 1)))
	assert.False(t, d.See(see(2*time.Second, 11, 2)), "one commit")
	assert.Contains(t, d.Waiting(see(2*time.Second, 11, 2)), "1 of 2 commits")
	assert.True(t, d.See(see(3*time.Second, 12, 3)), "two commits")

	d = audit.Drain{Ends: ends, Quiet: audit.Quiet{For: time.Minute}}
	assert.False(t, d.See(see(0, 10, 1)))
	assert.False(t, d.See(see(59*time.Second, 10, 2)), "a commit begins it again")
	assert.False(t, d.See(see(118*time.Second, 10, 2)))
	assert.True(t, d.See(see(119*time.Second, 10, 2)))
	assert.False(t, d.See(see(120*time.Second, 9, 2)), "a group that was set back has it to commit again")
	assert.False(t, d.See(see(121*time.Second, 10, 2)))
}

// TestBooksAreNeverClosedBeforeTheEnds, whatever is seen.
func TestBooksAreNeverClosedBeforeTheEnds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := audit.Drain{Ends: map[int32]int64{0: 5, 1: 5}, Quiet: audit.Quiet{
			Commits: rapid.IntRange(0, 2).Draw(rt, "commits"), For: time.Duration(rapid.IntRange(0, 3).Draw(rt, "for")) * time.Second,
		}}
		at := time.Unix(0, 0)
		for range 20 {
			at = at.Add(time.Duration(rapid.IntRange(0, 2).Draw(rt, "later")) * time.Second)
			next := map[int32]int64{0: rapid.Int64Range(3, 6).Draw(rt, "next"), 1: rapid.Int64Range(3, 6).Draw(rt, "other")}
			closed := d.See(audit.Sight{At: at, Next: next, Snapshot: rapid.Int64Range(0, 2).Draw(rt, "snapshot")})
			require.False(rt, closed && (next[0] < 5 || next[1] < 5))
		}
	})
}
