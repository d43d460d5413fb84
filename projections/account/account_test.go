package account_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/projections/account"
)

// line is one of the truth table.
type line struct {
	Is        string `yaml:"is"`
	Receipt   string `yaml:"receipt"`
	InLog     int    `yaml:"in_log"`
	Rows      int    `yaml:"rows"`
	Letters   int    `yaml:"letters"`
	Differs   bool   `yaml:"differs"`
	Corrupted bool   `yaml:"corrupted"`
	Late      bool   `yaml:"late"`
	Why       string `yaml:"why"`
}

func (l line) sighting(t *testing.T) account.Sighting {
	t.Helper()
	said := map[string]account.Receipt{
		"": account.Unsaid, "acked": account.Acked, "unacked": account.Unacked, "dropped": account.Dropped, "shed": account.Shed, "pending": account.Pending,
	}
	r, ok := said[l.Receipt]
	require.True(t, ok, "receipt %q", l.Receipt)
	return account.Sighting{
		Receipt: r, InLog: l.InLog, Rows: l.Rows, Letters: l.Letters, Differs: l.Differs, Corrupted: l.Corrupted, Late: l.Late,
	}
}

func TestTheTruthTable(t *testing.T) {
	text, err := os.ReadFile("testdata/classes.yaml")
	require.NoError(t, err)
	var lines []line
	require.NoError(t, yaml.Unmarshal(text, &lines))
	seen := map[account.Class]bool{}
	for _, l := range lines {
		got := account.Classify(l.sighting(t))
		assert.Equal(t, l.Is, got.String(), "%+v", l)
		seen[got] = true
	}
	assert.Len(t, seen, len(account.Classes()), "a class that no line is in")
}

// every are all sightings of up to two places, rows and letters.
func every() (all []account.Sighting) {
	for r := account.Unsaid; r <= account.Pending; r++ {
		for n := range 3 * 3 * 3 * 8 {
			bits := n / 27
			all = append(all, account.Sighting{
				Receipt: r, InLog: n % 3, Rows: n / 3 % 3, Letters: n / 9 % 3,
				Differs: bits&1 > 0, Corrupted: bits&2 > 0, Late: bits&4 > 0,
			})
		}
	}
	return all
}

// TestOnlyWhatIsRightIsStoredOnce goes through all combinations: what is
// counted as well is one row of a record that was produced, and nothing else is
// known of it; no record of which something is wrong hides in a class that is
// not.
func TestOnlyWhatIsRightIsStoredOnce(t *testing.T) {
	for _, s := range every() {
		c := account.Classify(s)
		known := s.Receipt == account.Unsaid || s.Receipt == account.Acked
		right := s.Produced() && s.Rows == 1 && s.Letters == 0 && !s.Differs && !s.Corrupted && !s.Late && known
		assert.Equal(t, right, c == account.StoredOnce, "%+v is %s", s, c)
		tooMuch := s.Rows > 1 || s.Rows > 0 && (s.Letters > 0 || s.Differs || s.Corrupted) || !s.Produced() && s.Rows+s.Letters > 0
		gone := s.Rows == 0 && s.Letters == 0 && (s.InLog > 0 || s.Receipt == account.Acked)
		assert.Equal(t, tooMuch || gone, c.Wrong(), "%+v is %s", s, c)
	}
}

// TestWhatIsSeenInAdditionNeverExcuses: whatever is seen in addition to what is known never
// makes a wrong record right.
func TestWhatIsSeenInAdditionNeverExcuses(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.SampledFrom(every()).Draw(rt, "sighting")
		if s.Rows == 0 {
			return // a row may be what was missing
		}
		more := s
		switch rapid.IntRange(0, 3).Draw(rt, "what") {
		case 0:
			more.Differs = true
		case 1:
			more.Corrupted = true
		case 2:
			more.Rows++
		case 3:
			more.Letters++
		}
		if account.Classify(s).Wrong() {
			require.True(rt, account.Classify(more).Wrong(), "%+v, and then %+v", s, more)
		}
	})
}

func TestNamesGoThereAndBack(t *testing.T) {
	for _, c := range account.Classes() {
		text, err := c.MarshalText()
		require.NoError(t, err)
		var back account.Class
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, c, back)
	}
	c := account.StoredOnce
	require.ErrorContains(t, c.UnmarshalText([]byte("fine")), "stored_once")
	assert.Equal(t, account.InFlight, c)
	assert.Equal(t, "in_flight", account.Class(99).String())
}

// TestTheBooksBalanceOnlyWhenAllIsCounted: books of any records balance, and
// one record, row or letter more or less anywhere does not.
func TestTheBooksBalanceOnlyWhenAllIsCounted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var tally account.Tally
		var counted account.Sides
		for _, s := range rapid.SliceOf(rapid.SampledFrom(every())).Draw(rt, "records") {
			c := account.Classify(s)
			if c == account.InFlight {
				continue
			}
			tally.Add(c, 1)
			counted.Rows, counted.Letters = counted.Rows+int64(s.Rows), counted.Letters+int64(s.Letters)
			if c != account.Phantom {
				counted.Produced++
			}
		}
		rows, letters := counted.Rows, counted.Letters
		require.NoError(rt, tally.Balance(counted, rows, letters))
		off := rapid.SampledFrom([]int64{-1, 1}).Draw(rt, "off")
		class := rapid.SampledFrom(account.Classes()).Draw(rt, "class")
		wrong := tally
		wrong.Add(class, off)
		if class != account.Phantom { // a phantom more has a row more
			require.ErrorIs(rt, wrong.Balance(counted, rows, letters), account.ErrUnbalanced)
		}
		require.ErrorIs(rt, tally.Balance(counted, rows+off, letters), account.ErrUnbalanced)
		require.ErrorIs(rt, tally.Balance(counted, rows, letters+off), account.ErrUnbalanced)
		counted.Produced += off
		require.ErrorIs(rt, tally.Balance(counted, rows, letters), account.ErrUnbalanced)
	})
}

func TestTalliesAdd(t *testing.T) {
	var a, b account.Tally
	a.Add(account.StoredOnce, 3)
	b.Add(account.StoredOnce, 4)
	b.Add(account.Phantom, 1)
	a.Merge(b)
	assert.Equal(t, map[account.Class]int64{account.StoredOnce: 7, account.Phantom: 1}, a.Counts())
	assert.Equal(t, int64(7), a.Produced())
	assert.Equal(t, int64(1), a.Wrong())
	assert.Equal(t, int64(7), a.Of(account.StoredOnce))
}
