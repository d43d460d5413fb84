package topic

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatIsTheFaultsOfAPartition is the table of what rollback moves.
func TestWhatIsTheFaultsOfAPartition(t *testing.T) {
	moved := seat{Was: []int32{1, 2, 3}, Leader: 1, Set: []int32{2, 1, 3}}
	// Before, another than the preferred replica led.
	odd := seat{Was: []int32{1, 2, 3}, Leader: 3, Set: []int32{2, 1, 3}}
	assert.Equal(t, []int32{3, 1, 2}, odd.led())
	home := seat{Was: []int32{1, 2, 3}, Leader: 3, Set: []int32{1, 2, 3}} // the preferred one is to lead
	all := []int32{1, 2, 3}
	for name, c := range map[string]struct {
		seat seat
		now  sits
		want bool
	}{
		"as it was":                            {moved, sits{all, false, 1, all, false}, false},
		"as the fault left it":                 {moved, sits{[]int32{2, 1, 3}, false, 2, all, false}, true},
		"the leader did not move yet":          {moved, sits{[]int32{2, 1, 3}, false, 1, all, false}, true},
		"the order is back, the leader is not": {moved, sits{all, false, 2, all, false}, true},
		"who led cannot lead":                  {moved, sits{all, false, 2, []int32{2, 3}, false}, false},
		"a third one leads":                    {moved, sits{all, false, 3, all, false}, false},
		"somebody moved it on":                 {moved, sits{[]int32{4, 5, 6}, false, 4, []int32{4, 5, 6}, false}, false},
		"on its way back":                      {moved, sits{all, true, 1, all, false}, true},
		"on its way there":                     {moved, sits{[]int32{2, 1, 3}, true, 1, all, false}, true},
		"half of the way back":                 {odd, sits{[]int32{3, 1, 2}, false, 3, all, false}, true},
		"given to the preferred one":           {home, sits{all, false, 1, all, false}, true},
		"taken back from it":                   {home, sits{all, false, 3, all, false}, false},
		"all of the way back":                  {odd, sits{all, false, 3, all, false}, false},
	} {
		assert.Equal(t, c.want, c.seat.ours(c.now), name)
	}
}

// TestWaysThatWereCancelled are told by the order that Kafka leaves.
func TestWaysThatWereCancelled(t *testing.T) {
	s := seat{Was: []int32{4, 2, 1}, Leader: 4, Set: []int32{1, 3, 5}}
	there, cancelled := []int32{1, 3, 5, 2, 4}, []int32{1, 2, 4}
	back, backCancelled := []int32{4, 2, 1, 3, 5}, []int32{1, 3, 5}
	all := []int32{1, 2, 3, 4, 5}
	for name, c := range map[string]struct {
		now                   sits
		ours, lags, overtaken bool
	}{
		"the way there was cancelled":      {sits{cancelled, false, 4, all, false}, true, false, false},
		"the way back was cancelled":       {sits{backCancelled, false, 1, all, false}, true, false, false},
		"a broker has yet to hear of one":  {sits{there, false, 4, all, false}, false, true, true},
		"a broker has yet to hear of both": {sits{back, false, 4, all, false}, false, true, true},
		"somebody else's":                  {sits{[]int32{2, 1, 4}, false, 2, all, false}, false, false, true},
		"never left":                       {sits{s.Was, false, 4, all, false}, false, false, false},
	} {
		assert.Equal(t, c.ours, s.ours(c.now), name)
		assert.Equal(t, c.lags, s.lags(c.now), name)
		assert.Equal(t, c.overtaken, s.overtaken(c.now), name)
	}
	reordered := seat{Was: []int32{1, 2}, Leader: 1, Set: []int32{2, 1}}
	assert.False(t, reordered.lags(sits{[]int32{2, 1}, false, 2, all, false}), "there is no way to go")
}

func TestASeatThatSaysTooLittle(t *testing.T) {
	for _, text := range []string{"", "null", "[]", "{}", `[{}]`, `[{"was":[1],"leader":2,"set":[3]}]`, `[{"was":[1],"leader":1,"set":[1]}]`, `[{"was":[1],"leader":1,"set":[]}]`} {
		_, err := seats(map[string]string{undoSet: text})
		require.Error(t, err, text)
	}
	for _, text := range []string{`[{"was":[1,2],"leader":1,"set":[2,1]}]`, `[{"was":[1,2],"leader":2,"set":[1,2]}]`} {
		_, err := seats(map[string]string{undoSet: text})
		require.NoError(t, err, text)
	}
}
