package audit_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
)

// fate is what happens to one record; the sources are made from it.
type fate struct {
	account.Sighting
	unreadable bool
	change     audit.Change
}

func drawFate(rt *rapid.T, receipts bool) fate {
	some := func(name string) bool { return rapid.IntRange(0, 5).Draw(rt, name) == 0 }
	f := fate{}
	f.InLog, f.Rows = 1, 1
	if rapid.Bool().Draw(rt, "well") {
		if receipts {
			f.Receipt = account.Acked
		}
		return f
	}
	f.InLog, f.Rows = rapid.IntRange(0, 2).Draw(rt, "in log"), rapid.IntRange(0, 2).Draw(rt, "rows")
	if receipts {
		f.Receipt = rapid.SampledFrom([]account.Receipt{
			account.Unsaid, account.Acked, account.Acked, account.Unacked, account.Dropped, account.Shed, account.Pending,
		}).Draw(rt, "receipt")
	}
	f.Late = f.Rows > 0 && some("late")
	if f.InLog == 0 {
		return f
	}
	f.Differs = f.Rows > 0 && some("differs")
	if some("changed") {
		f.change = rapid.SampledFrom([]audit.Change{audit.Untouched, audit.ChangedInLog, audit.ChangedOnRead}).Draw(rt, "change")
	}
	if some("lettered") {
		f.Letters = rapid.IntRange(1, 2).Draw(rt, "letters")
	}
	if some("unreadable") {
		f.unreadable, f.InLog, f.Differs = true, 1, false
		if f.Receipt != account.Acked { // nothing says which record it is
			f.Receipt, f.Rows, f.Late = account.Unsaid, 0, false
		}
	}
	if f.change == audit.ChangedInLog && f.Receipt == account.Acked && f.InLog == 1 {
		f.Differs = false // what was sent is not known, and corrupted_accepted says it all
	}
	f.Corrupted = f.change == audit.ChangedInLog || f.change == audit.ChangedOnRead && (f.Differs || f.Rows == 0)
	return f
}

const deadline = 5

// happen makes the sources of a fate.
func (w *world) happen(rt *rapid.T, i int, f fate) {
	key := fmt.Sprint("k", i)
	partition := rapid.Int32Range(0, 2).Draw(rt, "partition")
	at := audit.Place{Offset: -1}
	for n := range f.InLog {
		v := value(key, int64(i), 100)
		if f.unreadable {
			v = "broken"
		}
		p := w.send(partition, v)
		if n > 0 {
			continue
		}
		at = p
		for range f.Letters {
			w.letters = append(w.letters, audit.Letter{At: at, Reason: "invalid"})
		}
		w.touched[at] = f.change
	}
	if f.Receipt != account.Unsaid {
		said := audit.Said{Key: keyOf(key), State: f.Receipt, At: audit.Place{Offset: -1}}
		if f.Receipt == account.Acked {
			if said.At = at; f.InLog == 0 { // the log lost it, and has another record there, or none
				said.At = audit.Place{Partition: partition, Offset: rapid.Int64Range(0, 3).Draw(rt, "lost at")}
			}
		}
		w.receipts = append(w.receipts, said)
	}
	for n := range f.Rows {
		v := value(key, int64(i), 100)
		if f.Differs && n == 0 {
			v = value(key, int64(i)+1000, 100)
		}
		snapshot := rapid.Int64Range(1, deadline).Draw(rt, "snapshot")
		if f.Late || n > 0 {
			snapshot = deadline + 1
		}
		w.rows = append(w.rows, row{snapshot, v})
	}
}

// TestEveryRecordIsInTheClassThatItBelongsTo plays fates of records through
// sources, and the audit finds the classes again: whatever the order, the
// partitions, the workers, and the edges of slices, groups and buckets.
func TestEveryRecordIsInTheClassThatItBelongsTo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		receipts, alone := rapid.Bool().Draw(rt, "receipts"), rapid.Bool().Draw(rt, "alone")
		w := &world{touched: map[audit.Place]audit.Change{}}
		if receipts {
			w.receipts = []audit.Said{}
		}
		var want account.Tally
		var rows, letters int64
		told := &told{}
		lost := map[string]bool{}
		for i := range rapid.IntRange(0, 40).Draw(rt, "n") {
			f := drawFate(rt, receipts)
			if f.Receipt == account.Acked && f.InLog == 0 {
				lost[fmt.Sprint("k", i)] = true
			}
			w.happen(rt, i, f)
			rows, letters = rows+int64(f.Rows), letters+int64(f.Letters)
			if f.Produced() || f.Rows > 0 && alone {
				want.Add(account.Classify(f.Sighting), 1)
			}
		}
		c := w.audit()
		c.Window.Alone, c.Window.Deadline, c.Window.Snapshot = alone, deadline, deadline+1
		if len(lost) > 0 {
			w.dropWronglyPlaced(lost)
		}
		c.Out = told
		got, err := audit.Run(t.Context(), c)
		require.NoError(rt, err)
		require.Equal(rt, counts(want), counts(got.Classes))
		require.Zero(rt, got.Unknown)
		require.Empty(rt, got.Unread)
		require.Empty(rt, got.Unbalanced)
		require.Equal(rt, want.Of(account.InFlight) == 0, got.Conclusive())
		if alone {
			require.Equal(rt, rows, got.Rows)
		}
		want.Add(account.StoredOnce, -want.Of(account.StoredOnce))
		require.Equal(rt, counts(want), told.counts(), "each that is not stored once is told of, and no other")
		require.Len(rt, told.letters, int(letters))
	})
}

// dropWronglyPlaced moves the receipt of a record that the log lost to a place
// that is not that of a record which is known by its receipt: those two could
// not be told from one another.
func (w *world) dropWronglyPlaced(lost map[string]bool) {
	for i, s := range w.receipts {
		for key := range lost {
			if string(s.Key) == string(keyOf(key)) {
				at := s.At
				values := w.log[at.Partition]
				if at.Offset < int64(len(values)) && (values[at.Offset] == "broken" || w.touched[at] == audit.ChangedInLog) {
					w.receipts[i].At.Offset = 1 << 40
				}
			}
		}
	}
}
