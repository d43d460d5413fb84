package main

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
)

// closedWith closes books between two snapshots, and gives the answers of all
// checks but those that hold.
func (x *flowLab) closedWith(from, to int64, did bookkeeping.Touched) (found map[string]events.Answer, all []string) {
	x.t.Helper()
	log := slog.New(slog.DiscardHandler)
	b := checkedBooks{
		Books: closed{with: events.BooksClosed{Balanced: true, From: events.BookMark{Snapshot: from}, To: events.BookMark{Snapshot: to}}},
		list:  atClose(), input: checkInput(storedTrades{x.lake, x.books}, sourceTopic{x.books, log}), compare: comparison{x.lake, x.books, log}.compare,
	}
	found = map[string]events.Answer{}
	for _, c := range b.Close(x.t.Context(), events.BookMark{}, 0, time.Minute, func() bookkeeping.Touched { return did }).Checks {
		all = append(all, c.Check)
		if c.Answer != events.Holds {
			found[c.Check] = c.Answer
			x.t.Log(c.Check, c.Evidence)
		}
	}
	return found, all
}

// TestBooksAreClosedWithLogAndTableCompared over what was written since they
// were opened.
func TestBooksAreClosedWithLogAndTableCompared(t *testing.T) {
	x := newFlowLab(t)
	x.send(5)
	before := x.store(x.sent[:4]...) // one is lost, which is another's affair
	x.send(5)
	well := x.store(x.sent[5:]...)
	found, all := x.closedWith(before, well, nil)
	assert.Empty(t, found)
	assert.Equal(t, []string{
		"snapshot_chain", "files_present", "committed_offsets", "key_unique", "window_count", "window_sum_price", "window_sum_quantity",
		"window_sum_price_x_quantity", "window_digest", "window_times", "sequence_seq", "schema_drift",
	}, all)

	x.send(5)
	altered := x.sent[12]
	altered.price++
	bad := x.store(x.sent[10], x.sent[11], altered, x.sent[13], x.sent[14])
	found, _ = x.closedWith(well, bad, nil)
	assert.Equal(t, map[string]events.Answer{
		"window_sum_price": events.Violated, "window_sum_price_x_quantity": events.Violated, "window_digest": events.Violated,
	}, found)
	found, _ = x.closedWith(well, bad, bookkeeping.Touched{"sales": {{Offset: 12}: bookkeeping.Misread}})
	assert.Empty(t, found, "a fault changed it: the ledger says what became of that record")

	x.books.Group = "nobody" // has committed nothing
	x.books.Topic = "dead"   // nothing of it is in the table
	found, all = x.closedWith(well, bad, nil)
	assert.Empty(t, found)
	assert.Equal(t, []string{"snapshot_chain", "files_present", "key_unique", "schema_drift"}, all, "where nothing says how far the table is the rest is left out")
}

// TestOffsetsThatWereCommittedBeforeTheWriteAreFoundLive, by the sink's group.
func TestOffsetsThatWereCommittedBeforeTheWriteAreFoundLive(t *testing.T) {
	x := newFlowLab(t)
	x.books.Group = "sink"
	x.send(5)
	head := x.store(x.sent...)
	x.send(5)
	for next, want := range map[int64]map[string]events.Answer{5: {}, 4: {}, 8: {"committed_offsets": events.Violated}} {
		var offsets kadm.Offsets
		offsets.Add(kadm.Offset{Topic: "sales", At: next, LeaderEpoch: -1})
		require.NoError(t, kadm.NewClient(x.kafka).CommitAllOffsets(t.Context(), "sink", offsets))
		found, _ := x.closedWith(0, head, nil)
		assert.Equal(t, want, found, "%d is committed, and the table has all below 5", next)
	}
}

// TestWhatCannotBeComparedIsUnknown, and the keys of the table are read all the
// same.
func TestWhatCannotBeComparedIsUnknown(t *testing.T) {
	x := newFlowLab(t)
	x.send(3)
	head := x.store(x.sent[0], x.sent[1], x.sent[1])
	x.books.Mapping.Fields[4].Column = "amount" // which the table does not have
	x.books.Windows.Quantity = "amount"
	found, all := x.closedWith(0, head, nil)
	assert.Equal(t, map[string]events.Answer{
		"key_unique": events.Violated, "window_sums": events.Unknown, "sequence_seq": events.Unknown, "schema_drift": events.Violated,
	}, found)
	assert.True(t, slices.Contains(all, "committed_offsets"))
}

func TestChecksOnDemandCompareToo(t *testing.T) {
	x := newFlowLab(t)
	x.send(130)
	x.store(slices.Concat(x.sent[:100], x.sent[101:])...)
	x.send(3) // not stored yet
	run := func(f checksFlags) map[string]events.Answer {
		require.NoError(t, f.times(time.Now()))
		f.age = time.Hour
		results, err := f.check(t.Context(), x.lake, x.books, t.Output())
		require.NoError(t, err)
		out := map[string]events.Answer{}
		for _, r := range results {
			if r.Answer != events.Holds {
				out[r.Check] = r.Answer
			}
		}
		return out
	}
	lost := map[string]events.Answer{
		"window_count": events.Violated, "window_sum_price": events.Violated, "window_sum_quantity": events.Violated,
		"window_sum_price_x_quantity": events.Violated, "window_digest": events.Violated, "sequence_seq": events.Violated,
	}
	x.books.Mapping.Unmapped = []string{"lot"}
	assert.Equal(t, lost, run(checksFlags{to: "0s"}))
	x.books.Mapping.Unmapped = nil
	lost["schema_drift"] = events.Violated
	assert.Equal(t, lost, run(checksFlags{to: "0s"}), "a column that nothing compares")
	x.books.Mapping.Unmapped = []string{"lot"}
	moment := func(second int) string { return x.first.Add(time.Duration(second) * time.Second).Format(time.RFC3339) }
	f := checksFlags{from: moment(0), to: moment(90)}
	assert.Empty(t, run(f), "it was lost later")
	bad := checksFlags{to: "1h"}
	require.ErrorContains(t, bad.times(time.Now()), "write both")
}
