package checks_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/checks"
)

// TestWhatTheLogHasIsToldToOthers: its windows in the order of time, and its
// sequences with what they lack.
func TestWhatTheLogHasIsToldToOthers(t *testing.T) {
	w := newWorld(t, trades(6), 6)
	log := slices.Concat(w.log[:2], w.log[4:], w.log[5:]) // 2 and 3 are not there, 5 is twice
	in := w.input()
	in.Log = log
	sums := checks.Sums{By: []string{"exchange", "symbol"}, Time: "timestamp", Every: time.Minute, Price: "price", Quantity: "quantity"}
	windows, err := sums.Sent(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, windows, 4)
	assert.Equal(t, checks.Window{
		From: log[0].at.Truncate(time.Minute), To: log[0].at.Truncate(time.Minute).Add(time.Minute), By: []string{"ASX", "BHP"}, Records: 1,
		Price: "36.123456", Quantity: "100.000001", Product: "3612.345636123456", First: log[0].at, Last: log[0].at,
	}, windows[0])
	assert.Equal(t, int64(2), windows[3].Records)
	assert.Equal(t, "72.246922", windows[3].Price)

	sequences, err := checks.Sequence{Column: "source_sequence", Per: []string{"exchange", "symbol"}}.Sent(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, []checks.SentSequence{
		{Of: "ASX, BHP", First: 0, Last: 2, Missing: [][2]int64{{1, 1}}},
		{Of: "ASX, CBA", First: 0, Last: 2, Missing: [][2]int64{{1, 1}}, Repeats: 1},
	}, sequences)
	in.Log = nil
	_, err = sums.Sent(t.Context(), in)
	require.ErrorIs(t, err, checks.ErrNothing)
}

// TestAMappingOfSomeColumns is drift only where all of them are to be mapped.
func TestAMappingOfSomeColumns(t *testing.T) {
	w := newWorld(t, trades(6), 6)
	in := w.input()
	in.Registry = nil
	for wider, want := range map[bool]int{false: 1, true: 0} {
		assert.Len(t, not(checks.Run(t.Context(), []checks.Check{checks.Drift{Mapped: columns()[:3], Wider: wider}}, in)), want)
	}
	gone := checks.Drift{Mapped: []checks.Column{{Name: "nothing"}}, Wider: true}
	assert.Len(t, not(checks.Run(t.Context(), []checks.Check{gone}, in)), 1)
}
