package projections

import (
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/checks"
)

// AuditRow is what became of the records that an experiment's books account
// for: how many of those that are not stored the dead letters explain.
type AuditRow struct {
	Source
	Experiment string
	Version    uint64
	At         time.Time
	WindowFrom time.Time // zero where the baseline's begin is not known
	Books      events.BooksClosed
}

// NotStored counts the records taken that are not in the table.
func (r AuditRow) NotStored() int64 { return r.Books.Taken - r.Books.Stored }

// Missing counts the records taken that are in no place known: neither
// stored, nor dead-lettered, nor dropped or shed on purpose.
func (r AuditRow) Missing() int64 { return checks.Missing(r.Books) }

// DLQAudit makes a row for each BooksClosed of the batch.
func DLQAudit(b Batch) []AuditRow {
	var rows []AuditRow
	for _, event := range b.Batch.Events {
		if e, ok := event.(events.BooksClosed); ok {
			rows = append(rows, AuditRow{
				Source: b.source(), Experiment: string(b.Batch.Experiment), Version: b.Batch.Version,
				At: b.Batch.At, WindowFrom: b.State.Began, Books: e,
			})
		}
	}
	return rows
}

func auditTable() lake.Definition[AuditRow] {
	return define("dlq_audit", []lake.Column[AuditRow]{
		lake.Text("experiment", func(r AuditRow) string { return r.Experiment }),
		lake.Count("version", func(r AuditRow) uint64 { return r.Version }),
		lake.Instant(at, func(r AuditRow) time.Time { return r.At }),
		lake.OptionalInstant("window_from", func(r AuditRow) (time.Time, bool) { return instant(r.WindowFrom) }),
		lake.Int("taken", func(r AuditRow) int64 { return r.Books.Taken }),
		lake.Int("stored", func(r AuditRow) int64 { return r.Books.Stored }),
		lake.Int("not_stored", AuditRow.NotStored),
		lake.Int("dead_lettered", func(r AuditRow) int64 { return r.Books.DeadLettered }),
		lake.Int("dropped", func(r AuditRow) int64 { return r.Books.Dropped }),
		lake.Int("missing", AuditRow.Missing),
		lake.Int("lost", func(r AuditRow) int64 { return r.Books.Lost }),
		lake.Int("lost_acked", func(r AuditRow) int64 { return r.Books.LostAcked }),
		lake.Bool("balanced", func(r AuditRow) bool { return r.Books.Balanced }),
		lake.OptionalText("examples", func(r AuditRow) (string, bool) { return some(strings.Join(r.Books.Examples, "\n")) }),
		lake.OptionalText("why", func(r AuditRow) (string, bool) { return some(r.Books.Why) }),
	}, "version")
}
