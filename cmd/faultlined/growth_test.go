package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/handlers/bookkeeping/pages"
	"github.com/k2-platform/faultline/internal/lake"
)

// ledger closes books between two snapshots.
func (x *flowLab) ledger(from, to int64, said ...bookkeeping.Receipt) events.RecordLedger {
	x.t.Helper()
	a := recordLedger{x.lake, x.books, nil, func() *pages.Writer {
		return &pages.Writer{
			Experiment: "x", Closing: "one", Most: 1 << 20, Clock: time.Now, Publish: func(context.Context, events.LedgerPage) error { return nil },
		}
	}}
	return a.Audit(x.t.Context(), bookkeeping.Window{From: events.BookMark{Snapshot: from}, To: events.BookMark{Snapshot: to}, Receipts: said})
}

// expire drops all snapshots but the newest, and those that have a name.
func (x *flowLab) expire() {
	x.t.Helper()
	kept, err := x.lake.Maintain(x.t.Context(), "market", "sales", lake.Upkeep{MinFiles: 1000, KeepSnapshots: 1, SnapshotAge: time.Nanosecond})
	require.NoError(x.t, err)
	require.Positive(x.t, kept.Expired)
}

// TestALedgerNeedsTheSnapshotAtTheCloseAlone: the table's owner may have expired
// those before it. Then the rows are those of the records that were sent, and one
// that nobody sent shows in how much the table grew.
func TestALedgerNeedsTheSnapshotAtTheCloseAlone(t *testing.T) {
	x := newFlowLab(t)
	x.send(5)
	opened := x.store(x.sent...)
	require.NoError(t, x.lake.Tag(t.Context(), "market", "sales", "chaos/x/before", opened, 0))
	x.send(3)
	x.store(x.sent[5:]...)
	x.send(3)
	well := x.store(x.sent[8:]...)
	before := x.ledger(opened, well)
	require.True(t, before.Complete, before.Why)
	x.expire()
	after := x.ledger(opened, well)
	assert.Equal(t, before, after, "nothing that the answer needs is gone")
	assert.Equal(t, map[string]int64{"stored_once": 6}, after.Classes)

	x.send(3)
	x.store(x.sent[11:13]...)
	x.send(1)
	lost := x.store(x.sent[14])
	x.expire()
	l := x.ledger(opened, lost)
	assert.True(t, l.Complete, l.Why)
	assert.Equal(t, map[string]int64{"stored_once": 9, "lost_acked": 1}, l.Classes)

	x.send(2)
	x.store(x.sent[15], sale{"nobody", 1, 1, x.first, 99})
	phantom := x.store(x.sent[16])
	x.expire()
	l = x.ledger(opened, phantom)
	assert.False(t, l.Complete, "a row is there that nobody sent")
	assert.Contains(t, l.Why, "the table grew by 12 rows, and 11 rows are of the records that were sent")
	assert.Contains(t, l.Why, "keep snapshots for longer")
}

// TestALedgerThatCannotBeMadeSaysWhy, and is not complete.
func TestALedgerThatCannotBeMadeSaysWhy(t *testing.T) {
	x := newFlowLab(t)
	x.send(5)
	opened := x.store(x.sent...)
	x.books.Mapping.Fields[4].Column = "amount" // which the table does not have
	l := x.ledger(0, opened)
	assert.False(t, l.Complete)
	assert.Contains(t, l.Why, "amount")
	x.books.Mapping.Fields[4].Column = ""
	x.books.Table = "dropped"
	l = x.ledger(opened, 0)
	assert.False(t, l.Complete, "there was a table when the books were opened")
	assert.Contains(t, l.Why, "market.dropped")
	l = x.ledger(0, 0)
	assert.True(t, l.Complete, "nothing was sent, and there is no table yet")
}

// TestWithoutTheSnapshotAtTheOpeningTheReceiptsSayWhatWasSent.
func TestWithoutTheSnapshotAtTheOpeningTheReceiptsSayWhatWasSent(t *testing.T) {
	x := newFlowLab(t)
	x.send(5)
	opened := x.store(x.sent...)
	x.send(3)
	closed := x.store(x.sent[5:7]...)
	x.expire()
	said := make([]bookkeeping.Receipt, 3)
	for i := range said {
		said[i] = bookkeeping.Receipt{Key: x.sent[5+i].id, State: bookkeeping.StateAcked, Place: bookkeeping.Place{Offset: int64(5 + i)}}
	}
	l := x.ledger(opened, closed, said...)
	assert.True(t, l.Complete, l.Why)
	assert.Equal(t, map[string]int64{"stored_once": 2, "lost_acked": 1}, l.Classes)
}
