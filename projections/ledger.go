package projections

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/account"
)

// LedgerRow is either how many of an experiment's records are in one class, or
// one record that is not stored once, as it was sent and in time.
type LedgerRow struct {
	Source
	Experiment string
	At         time.Time
	Class      string
	// Closing and Page are where records are told of one by one; of a count Page
	// is 0. Closing is "" of books that tell of none.
	Closing string
	Page    uint64
	// Record is nil of a count, which has all that follows.
	Record     *events.LedgerRecord
	Version    uint64
	WindowFrom time.Time // zero where the baseline's begin is not known
	Balanced   bool      // of the books: where they are not, no count can be trusted
	Why        string
	Records    int64
}

// RecordLedger makes a row for each class of each BooksClosed of the batch. Books
// without a ledger of records have counts all the same: those that the receipts
// gave.
func RecordLedger(b Batch) []LedgerRow {
	var rows []LedgerRow
	for _, event := range b.Batch.Events {
		e, ok := event.(events.BooksClosed)
		if !ok {
			continue
		}
		row := LedgerRow{
			Source: b.source(), Experiment: string(b.Batch.Experiment), Version: b.Batch.Version, At: b.Batch.At,
			WindowFrom: b.State.Began, Balanced: e.Balanced, Why: e.Why,
		}
		if e.Ledger != nil && e.Ledger.Pages != nil {
			row.Closing = e.Ledger.Pages.Closing
		}
		counts := classes(e)
		for _, class := range slices.Sorted(maps.Keys(counts)) {
			row.Class, row.Records = class, counts[class]
			rows = append(rows, row)
		}
	}
	return rows
}

// LedgerRecords makes a row for each record of a page.
func LedgerRecords(p LedgerPage) []LedgerRow {
	rows := make([]LedgerRow, 0, len(p.Page.Records))
	for _, r := range p.Page.Records {
		rows = append(rows, LedgerRow{
			Source: p.source(), Experiment: string(p.Page.Experiment), At: p.Page.At, Class: r.Class,
			Closing: p.Page.Closing, Page: p.Page.Seq, Record: &r,
		})
	}
	return rows
}

// classes are the counts of the ledger, or what the counts of the books come
// to.
func classes(e events.BooksClosed) map[string]int64 {
	if e.Ledger != nil {
		return e.Ledger.Classes
	}
	out := map[string]int64{}
	for class, n := range map[account.Class]int64{
		account.StoredOnce: max(e.Stored-e.StoredTwice-e.Altered, 0), account.StoredN: e.StoredTwice, account.Altered: e.Altered,
		account.DeadLettered: e.DeadLettered, account.LostAcked: e.LostAcked, account.DroppedAtSource: e.Dropped + e.Shed,
		account.UnackedAbsent: e.Lost - e.LostAcked - e.Dropped,
	} {
		if n != 0 {
			out[class.String()] = n
		}
	}
	return out
}

func ledgerTable() lake.Definition[LedgerRow] {
	one := func(get func(events.LedgerRecord) (string, bool)) func(LedgerRow) (string, bool) {
		return func(r LedgerRow) (string, bool) {
			if r.Record == nil {
				return "", false
			}
			return get(*r.Record)
		}
	}
	return define("record_ledger", []lake.Column[LedgerRow]{
		lake.Text("experiment", func(r LedgerRow) string { return r.Experiment }),
		lake.OptionalInt("version", func(r LedgerRow) (int64, bool) { return int64(r.Version), r.Record == nil }), //nolint:gosec // versions count from 1
		lake.Instant(at, func(r LedgerRow) time.Time { return r.At }),
		lake.OptionalInstant("window_from", func(r LedgerRow) (time.Time, bool) { return instant(r.WindowFrom) }),
		lake.Text("class", func(r LedgerRow) string { return r.Class }),
		lake.OptionalInt("records", func(r LedgerRow) (int64, bool) { return r.Records, r.Record == nil }),
		lake.OptionalInt("record_partition", func(r LedgerRow) (int64, bool) {
			if r.Record == nil || r.Record.Offset < 0 {
				return 0, false
			}
			return int64(r.Record.Partition), true
		}),
		lake.OptionalInt("record_offset", func(r LedgerRow) (int64, bool) {
			if r.Record == nil || r.Record.Offset < 0 {
				return 0, false
			}
			return r.Record.Offset, true
		}),
		lake.OptionalText("record_key", one(func(r events.LedgerRecord) (string, bool) { return some(r.Key) })),
		lake.OptionalText("reason", one(func(r events.LedgerRecord) (string, bool) { return some(r.Reason) })),
		lake.OptionalText("differ", one(func(r events.LedgerRecord) (string, bool) { return some(strings.Join(r.Differ, "\n")) })),
		lake.OptionalBool("balanced", func(r LedgerRow) (bool, bool) { return r.Balanced, r.Record == nil }),
		lake.OptionalText("why", func(r LedgerRow) (string, bool) { return some(r.Why) }),
		lake.OptionalText("closing", func(r LedgerRow) (string, bool) { return some(r.Closing) }),
		lake.OptionalInt("page", func(r LedgerRow) (int64, bool) { return some(int64(r.Page)) }), //nolint:gosec // pages count from 1
	}, "class")
}
