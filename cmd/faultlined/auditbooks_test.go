package main

import (
	"bytes"
	"encoding/base64"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/spec"
)

func untouched() bookkeeping.Touched { return nil }

// TestASoundPlatformRaisesNoAlarm whenever its books are opened and closed:
// before its table has a row, in the middle of the flow, with records under way
// at either edge, over a producer that was ended and started again, and with
// nothing at all in between.
func TestASoundPlatformRaisesNoAlarm(t *testing.T) {
	f := newPlant(t)
	f.ingest(3000)
	var last events.BookMark
	closed := func(id spec.ExperimentID, meanwhile func()) events.BooksClosed {
		books := f.open(id)
		mark, err := books.Open(t.Context())
		require.NoError(t, err)
		meanwhile()
		b := books.Close(t.Context(), *mark, 0, time.Minute, untouched)
		require.True(t, b.Balanced, b.Why)
		require.NotNil(t, b.Ledger)
		assert.True(t, b.Ledger.Complete, b.Ledger.Why)
		for class := range b.Ledger.Classes {
			assert.Contains(t, []string{"stored_once"}, class, "of %s: %v", id, b.Ledger)
		}
		assert.Zero(t, b.Lost+b.StoredTwice+b.Altered)
		assert.LessOrEqual(t, b.Taken, b.Ledger.Classes["stored_once"]+b.Ledger.Letters, "each that was taken is accounted for")
		assert.Equal(t, &events.LedgerPages{Closing: b.Ledger.Pages.Closing}, b.Ledger.Pages)
		for _, c := range b.Checks {
			assert.Equal(t, events.Holds, c.Answer, "%s: %s", c.Check, c.Evidence)
		}
		last = b.To
		return b
	}
	closed("first", func() { f.sent(200) })
	closed("flowing", func() { f.sent(last.Taken + 700) })
	closed("at-once", func() {})
	closed("restarted", func() {
		f.sent(1500)
		f.ingest(3000)
		f.sent(3000)
	})
	f.source()
	f.ingest(3000)
	empty := closed("empty", func() {})
	assert.Zero(t, empty.Taken)
}

// TestEachDefectOfTheSinkIsInTheLedger in its class, as often as the books
// themselves say, and each record and dead letter of it on the pages.
func TestEachDefectOfTheSinkIsInTheLedger(t *testing.T) {
	f := newPlant(t, defect.DropAfterAck+"=1/50", defect.SwapPriceQuantity+"=1/60", defect.WriteTwice+"=1/3")
	f.ingest(2000)
	f.sent(100)
	books := f.open("x")
	mark, err := books.Open(t.Context())
	require.NoError(t, err)
	junk := make([]byte, 900<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(junk) // never errs
	f.put(junk)
	f.sent(2000)
	b := books.Close(t.Context(), *mark, 0, time.Minute, untouched)
	require.True(t, b.Balanced, b.Why)
	l := b.Ledger
	require.NotNil(t, l)
	require.True(t, l.Complete, l.Why)
	require.Positive(t, b.LostAcked)
	require.Positive(t, b.Altered)
	require.Positive(t, b.StoredTwice)
	of := l.Classes
	assert.GreaterOrEqual(t, of["lost_acked"], b.LostAcked)
	assert.GreaterOrEqual(t, of["altered"], b.Altered)
	assert.LessOrEqual(t, of["lost_acked"]+of["altered"], b.LostAcked+b.Altered+200, "more than the books saw are of the window's edge")
	assert.Positive(t, of["stored_n"])
	assert.Equal(t, int64(1), of["dead_lettered"])
	assert.Zero(t, of["phantom"]+of["in_flight"])
	var total int64
	for _, n := range of {
		total += n
	}
	assert.Equal(t, l.Records, total)

	pages := f.pages("x")
	require.Len(t, pages, int(l.Pages.Pages))
	told, raw := map[string]int64{}, []byte(nil)
	for i, p := range pages {
		assert.Equal(t, uint64(i+1), p.Seq)
		assert.Equal(t, l.Pages.Closing, p.Closing)
		for _, r := range p.Records {
			told[r.Class]++
		}
		for _, d := range p.Letters {
			part, err := base64.StdEncoding.DecodeString(d.RawBase64)
			require.NoError(t, err)
			raw = append(raw, part...)
			assert.Equal(t, []any{"dead_lettered", "undecodable"}, []any{d.Class, d.Reason})
		}
	}
	want := maps.Clone(of)
	delete(want, "stored_once")
	assert.Equal(t, want, told, "all records that are not stored once")
	assert.True(t, bytes.Equal(junk, raw), "the whole of the dead letter: %d bytes of %d", len(raw), len(junk))
	assert.Equal(t, int64(1), l.Pages.Letters)
	for class, n := range of {
		named := slices.DeleteFunc(slices.Clone(l.Examples), func(r events.LedgerRecord) bool { return r.Class != class })
		if class == "stored_once" {
			n = 0
		}
		assert.Len(t, named, int(min(n, namedRecords)), class)
	}
}

// TestALedgerThatCannotBeWrittenLeavesTheBooksOpen: nobody could look at the
// records that it counts.
func TestALedgerThatCannotBeWrittenLeavesTheBooksOpen(t *testing.T) {
	f := newPlant(t, defect.DropAfterAck+"=1/10")
	f.ingest(200)
	f.sent(200)
	away, err := bus.Open(bus.Config{Brokers: []string{f.kafka}, Prefix: "nobody-made"}, nil)
	require.NoError(t, err)
	require.NoError(t, away.Close()) // so that it publishes nothing
	f.bus, away = away, f.bus
	t.Cleanup(func() { f.bus = away })
	b := f.open("x").Close(t.Context(), events.BookMark{}, 0, 5*time.Second, untouched)
	assert.False(t, b.Balanced)
	assert.Contains(t, b.Why, "publishing page 1 of the ledger of records")
}

func TestAKafkaThatIsAwayLeavesTheLedgerOpen(t *testing.T) {
	f := newPlant(t)
	f.platform.Books["trades"] = func(b spec.Books) spec.Books { b.Brokers = []string{"127.0.0.1:1"}; return b }(f.platform.Books["trades"])
	b, err := oneBooks(f.platform, "trades")
	require.NoError(t, err)
	a := recordLedger{f.lake, b, nil, writerOf(f.bus, b, "x")}
	l := a.Audit(t.Context(), bookkeeping.Window{Receipts: []bookkeeping.Receipt{{Key: "k", State: bookkeeping.StateAcked}}})
	assert.False(t, l.Complete)
	assert.NotEmpty(t, l.Why)
}

func at(partition int32, offset int64) bookkeeping.Place {
	return bookkeeping.Place{Partition: partition, Offset: offset}
}

func TestReceiptsOfBeforeTheWindowAreLeftOut(t *testing.T) {
	all := []bookkeeping.Receipt{
		{Key: "before", State: bookkeeping.StateAcked, Place: at(0, 9)},
		{Key: "first", State: bookkeeping.StateAcked, Place: at(0, 10)},
		{Key: "other", State: bookkeeping.StateAcked, Place: at(1, 3)},
		{Key: "dropped", State: bookkeeping.StateDropped, Place: at(0, -1)},
		{Key: "shed", State: bookkeeping.StateShed, Place: at(0, -1)},
		{Key: "unheard", State: "unknown", Place: at(0, -1)},
	}
	got := map[string]account.Receipt{}
	r := receiptsIn{all, []audit.Range{{Partition: 0, From: 10, To: 20}}}
	require.NoError(t, r.Receipts(t.Context(), func(s audit.Said) error { got[string(s.Key[1:])] = s.State; return nil }))
	assert.Len(t, got, 5)
	assert.Equal(t, []audit.Range{{Partition: 0, From: 9, To: 11}, {Partition: 1, From: 3, To: 4}}, placesOf(all))
	for word, want := range map[string]account.Receipt{
		"acked": account.Acked, "pending": account.Pending, "dropped": account.Dropped, "shed": account.Shed, "failed": account.Unacked, "": account.Unacked,
	} {
		assert.Equal(t, want, auditing.StateOf(word), word)
	}
}

func TestTouchesAreTold(t *testing.T) {
	got := map[audit.Place]audit.Change{}
	touches := touched{at(0, 1): bookkeeping.Passed, at(0, 2): bookkeeping.Misread, at(1, 3): bookkeeping.Changed}
	require.NoError(t, touches.Touched(t.Context(), func(p audit.Place, c audit.Change) error { got[p] = c; return nil }))
	assert.Equal(t, map[audit.Place]audit.Change{
		{Partition: 0, Offset: 1}: audit.Untouched, {Partition: 0, Offset: 2}: audit.ChangedOnRead, {Partition: 1, Offset: 3}: audit.ChangedInLog,
	}, got)
}
