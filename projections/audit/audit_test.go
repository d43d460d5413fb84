package audit_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
)

// stored is a world of n records over two partitions, all well.
func stored(n int) *world {
	w := &world{touched: map[audit.Place]audit.Change{}, fails: map[string]error{}}
	for i := range n {
		v := value(fmt.Sprint("k", i), int64(i), int64(i))
		w.send(int32(i%2), v)
		w.rows = append(w.rows, row{1, v})
	}
	return w
}

func run(t *testing.T, c audit.Config) audit.Report {
	t.Helper()
	r, err := audit.Run(t.Context(), c)
	require.NoError(t, err)
	return r
}

func TestAllIsWell(t *testing.T) {
	c := stored(1000).audit()
	c.Power = 0
	r := run(t, c)
	assert.Equal(t, map[string]int64{"stored_once": 1000}, counts(r.Classes))
	assert.Equal(t, events.Holds, r.Answer())
	assert.True(t, r.Conclusive())
	assert.Less(t, r.Looked, int64(100), "no record is looked at for nothing, but for few")
	assert.Equal(t, [2]int64{1000, 1000}, [2]int64{r.Records, r.Rows})
	assert.Empty(t, r.Examples)
}

func TestNothingIsProducedAndNothingIsStored(t *testing.T) {
	r := run(t, (&world{}).audit())
	assert.Empty(t, counts(r.Classes))
	assert.Equal(t, events.Holds, r.Answer())
}

// TestWhatIsTwiceOnBothSidesIsSeen: the digests of log and table are equal
// where a producer sent a record twice and the sink stored both.
func TestWhatIsTwiceOnBothSidesIsSeen(t *testing.T) {
	w := stored(50)
	w.send(0, value("k7", 7, 7))
	w.rows = append(w.rows, row{1, value("k7", 7, 7)})
	c := w.audit()
	c.Power = 0 // a bucket for each
	r := run(t, c)
	assert.Equal(t, map[string]int64{"stored_once": 49, "stored_n": 1}, counts(r.Classes))
	assert.Equal(t, "k7", r.Examples[account.StoredN][0].Key)
	assert.Equal(t, events.Violated, r.Answer())
}

// TestARowMayBeAsAnyOfItsRecords: a key that was sent with two contents is
// stored twice, and neither row is altered.
func TestARowMayBeAsAnyOfItsRecords(t *testing.T) {
	w := stored(0)
	for n := range int64(2) {
		w.send(0, value("k", n, 0))
		w.rows = append(w.rows, row{1, value("k", n, 0)})
	}
	assert.Equal(t, map[string]int64{"stored_n": 1}, counts(run(t, w.audit()).Classes))
	w.rows[1].value = value("k", 7, 0)
	assert.Equal(t, map[string]int64{"altered": 1}, counts(run(t, w.audit()).Classes))
}

// TestExamplesSayWhereAndWhat: each class names its records, the altered
// ones with the columns that differ.
func TestExamplesSayWhereAndWhat(t *testing.T) {
	w := stored(40)
	w.rows[3].value = value("k3", 99, 3)                                                          // altered
	w.rows[5].value = value("nobody", 5, 5)                                                       // k5 is lost, and nobody a phantom
	w.rows = append(w.rows, row{1, w.rows[7].value})                                              // k7 twice
	w.letters = []audit.Letter{{At: audit.Place{Partition: 1, Offset: 4}, Reason: "out_of_band"}} // k9, stored as well
	r := run(t, w.audit())
	assert.Equal(t, map[string]int64{
		"stored_once": 36, "altered": 1, "lost_acked": 1, "phantom": 1, "stored_n": 1, "stored_and_dead_lettered": 1,
	}, counts(r.Classes))
	assert.Equal(t, map[account.Class][]audit.Example{
		account.Altered:               {{Place: audit.Place{Partition: 1, Offset: 1}, Key: "k3", Rows: 1, Differ: []string{"n: sent 3, stored 99"}}},
		account.LostAcked:             {{Place: audit.Place{Partition: 1, Offset: 2}, Key: "k5"}},
		account.Phantom:               {{Place: audit.Place{Offset: -1}, Key: "nobody", Rows: 1}},
		account.StoredN:               {{Place: audit.Place{Partition: 1, Offset: 3}, Key: "k7", Rows: 2}},
		account.StoredAndDeadLettered: {{Place: audit.Place{Partition: 1, Offset: 4}, Key: "k9", Rows: 1, Letters: 1, Reason: "out_of_band"}},
	}, r.Examples)
	assert.Equal(t, map[string]int64{"out_of_band": 1}, r.Reasons)
	assert.Empty(t, r.Unbalanced)
}

func TestFewExamplesOfEachClassAndTheFirst(t *testing.T) {
	w := stored(100)
	w.rows = nil
	c := w.audit()
	c.Examples = 3
	got := run(t, c).Examples[account.LostAcked]
	require.Len(t, got, 3)
	for i, e := range got {
		assert.Equal(t, audit.Place{Offset: int64(i)}, e.Place)
	}
}

func TestALetterThatKnowsOnlyTheKey(t *testing.T) {
	w := stored(20)
	w.rows = w.rows[1:]
	w.letters = []audit.Letter{
		{At: audit.Place{Offset: -1}, Key: keyOf("k0"), Reason: "ValueError"},
		{At: audit.Place{Offset: -1}, Key: keyOf("of another window"), Reason: "ValueError"},
	}
	r := run(t, w.audit())
	assert.Equal(t, map[string]int64{"stored_once": 19, "dead_lettered": 1}, counts(r.Classes))
	assert.Equal(t, map[string]int64{"ValueError": 1}, r.Reasons)
	assert.Equal(t, events.Holds, r.Answer(), "a record that was rejected with a reason is accounted for")
}

// TestWhatRetentionTookIsNamed: rows whose records are gone are not called
// phantoms, and the rest is accounted for.
func TestWhatRetentionTookIsNamed(t *testing.T) {
	w := stored(40)
	for o := range 5 {
		w.log[1][o] = ""
	}
	w.rows = w.rows[:39] // k39 is lost
	r := run(t, w.audit())
	assert.Equal(t, map[string]int64{"stored_once": 34, "lost_acked": 1}, counts(r.Classes))
	assert.Equal(t, int64(5), r.Unknown)
	require.Len(t, r.Unread, 1, "one range, in whichever pieces it was found: %v", r.Unread)
	assert.Equal(t, "log, partition 1, offsets 0 to 4: the records are no longer there", r.Unread[0].String())
	assert.False(t, r.Conclusive())
	assert.Equal(t, events.Violated, r.Answer(), "what is lost is lost, though other things were not read")
	w.rows = append(w.rows, row{1, value("k39", 39, 39)})
	assert.Equal(t, events.Unknown, run(t, w.audit()).Answer())
}

func TestARegistryThatIsAwayIsNoLoss(t *testing.T) {
	w := stored(40)
	w.log[0][7] = "away"
	r := run(t, w.audit())
	assert.Equal(t, events.Unknown, r.Answer())
	assert.Contains(t, r.Why(), "not to be had now")
	assert.Zero(t, r.Classes.Wrong())
}

// TestWhatWasNotReadIsNoWordOfAReceipts: that a record was acknowledged does not
// say what it was, or that nobody rejected it.
func TestWhatWasNotReadIsNoWordOfAReceipts(t *testing.T) {
	w := stored(40)
	for i := range 40 {
		at := audit.Place{Partition: int32(i % 2), Offset: int64(i / 2)}
		w.receipts = append(w.receipts, audit.Said{Key: keyOf(fmt.Sprint("k", i)), State: account.Acked, At: at})
	}
	w.rows[0].value = value("k0", 99, 0) // altered
	w.rows = append(w.rows[:36], w.rows[37], w.rows[39])
	w.letters = []audit.Letter{{At: audit.Place{Partition: 0, Offset: 18}, Reason: "out_of_band"}} // k36; k38 is lost
	whole := run(t, w.audit())
	assert.Equal(t, map[string]int64{"stored_once": 37, "altered": 1, "dead_lettered": 1, "lost_acked": 1}, counts(whole.Classes))
	for o := range 20 {
		w.log[0][o] = "away"
	}
	r := run(t, w.audit())
	assert.Equal(t, map[string]int64{"stored_once": 20, "lost_acked": 1}, counts(r.Classes))
	assert.EqualValues(t, 19, r.Unknown)
	c := w.audit()
	c.Window.Sink = map[int32]int64{0: 19, 1: 20}
	assert.Equal(t, map[string]int64{"stored_once": 20}, counts(run(t, c).Classes), "nor that the sink has come to it")
}

func TestSourcesThatCannotBeRead(t *testing.T) {
	away := errors.New("connection refused")
	for source, wrong := range map[string]int64{"log": 0, "letters": 0, "table": 0, "pin": 0, "truth": 1, "receipts": 1} {
		t.Run(source, func(t *testing.T) {
			w := stored(40)
			w.rows = w.rows[1:] // lost, or is its letter among those that could not be read?
			w.receipts = []audit.Said{}
			w.fails[source] = away
			c := w.audit()
			c.Slice = 100
			r := run(t, c)
			assert.Contains(t, r.Why(), "connection refused")
			assert.False(t, r.Conclusive())
			if source != "log" { // half of it was read
				assert.Equal(t, wrong, r.Classes.Wrong())
			}
			assert.NotEqual(t, events.Holds, r.Answer())
		})
	}
}

// TestASnapshotThatGoesIsReadAgainOnce, where the next one has the window's
// records, too.
func TestASnapshotThatGoesIsReadAgainOnce(t *testing.T) {
	w := stored(40)
	w.fails["table"] = audit.ErrGone
	c := w.audit()
	c.Window.Moments = &audit.Moments{Column: 2, From: 0, To: 100}
	assert.Equal(t, events.Holds, run(t, c).Answer())
	w.fails["table"] = audit.ErrGone
	r := run(t, w.audit())
	assert.Equal(t, events.Unknown, r.Answer(), "rows of later records would be phantoms")
	assert.Equal(t, int64(40), r.Unknown)
}

// TestLogAndTableAreCutAtTheSameRecord: what is outside of the time is of no
// account on either side.
func TestLogAndTableAreCutAtTheSameRecord(t *testing.T) {
	w := stored(40)
	w.rows = append(w.rows[1:30], row{1, value("k35", 1, 35)}) // k0 is gone, k30 on are gone or altered
	c := w.audit()
	c.Window.Moments = &audit.Moments{Column: 2, From: 1, To: 30}
	r := run(t, c)
	assert.Equal(t, map[string]int64{"stored_once": 29}, counts(r.Classes))
	assert.Equal(t, events.Holds, r.Answer())
	c.Window.Moments.To = 36
	assert.Equal(t, map[string]int64{"stored_once": 29, "lost_acked": 5, "altered": 1}, counts(run(t, c).Classes))
}

// TestATableOfOtherWindows: rows of other records are passed over, and counted.
func TestATableOfOtherWindows(t *testing.T) {
	w := stored(40)
	for i := range 500 {
		w.rows = append(w.rows, row{1, value(fmt.Sprint("other", i), 1, 1)})
	}
	c := w.audit()
	c.Window.Alone = false
	r := run(t, c)
	assert.Equal(t, map[string]int64{"stored_once": 40}, counts(r.Classes))
	assert.Equal(t, [2]int64{40, 500}, [2]int64{r.Rows, r.Others})
	assert.Equal(t, events.Holds, r.Answer())
}

// TestWhatTheSinkHasNotComeToIsInFlight, and not lost; the books stay open.
func TestWhatTheSinkHasNotComeToIsInFlight(t *testing.T) {
	w := stored(40)
	w.rows = w.rows[1:38] // k0, k38 and k39 are not stored
	c := w.audit()
	c.Window.Sink = map[int32]int64{0: 19}
	r := run(t, c)
	assert.Equal(t, map[string]int64{"stored_once": 37, "lost_acked": 1, "in_flight": 2}, counts(r.Classes))
	assert.Equal(t, events.Violated, r.Answer())
	assert.Contains(t, r.Why(), "2 records are still in flight")
	w.rows = append(w.rows, row{1, value("k0", 0, 0)})
	assert.Equal(t, events.Unknown, run(t, c).Answer())
}

func TestAConfigurationThatSaysTooLittle(t *testing.T) {
	_, err := audit.Run(t.Context(), audit.Config{})
	require.ErrorContains(t, err, "a log, a table")
	require.ErrorContains(t, err, "natural key")
}
