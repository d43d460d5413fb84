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
	Version    uint64
	At         time.Time
	WindowFrom time.Time // zero where the baseline's begin is not known
	Class      string
	Balanced   bool // of the books: where they are not, no count can be trusted
	Why        string
	// Records is the count, and Record nil; of a record it is the other way round.
	Records int64
	Record  *events.LedgerRecord
}

// RecordLedger makes the rows of each BooksClosed of the batch. Books without a
// ledger of records have counts all the same: those that the receipts gave.
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
		counts := classes(e)
		for _, class := range slices.Sorted(maps.Keys(counts)) {
			row.Class, row.Records = class, counts[class]
			rows = append(rows, row)
		}
		row.Records = 0
		if e.Ledger == nil {
			continue
		}
		for _, r := range e.Ledger.Examples {
			row.Class, row.Record = r.Class, &r
			rows = append(rows, row)
		}
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
		lake.Count("version", func(r LedgerRow) uint64 { return r.Version }),
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
		lake.Bool("balanced", func(r LedgerRow) bool { return r.Balanced }),
		lake.OptionalText("why", func(r LedgerRow) (string, bool) { return some(r.Why) }),
	}, "class")
}
