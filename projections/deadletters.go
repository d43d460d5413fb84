package projections

import (
	"encoding/base64"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
)

// LetterRow is one dead letter of a record of an experiment's window, or a part of
// one.
type LetterRow struct {
	Source
	Experiment string
	At         time.Time
	Closing    string // of the books
	Page       uint64
	Letter     events.DeadLetter
}

// DLQAudit makes a row for each dead letter of a page.
func DLQAudit(p LedgerPage) []LetterRow {
	rows := make([]LetterRow, 0, len(p.Page.Letters))
	for _, l := range p.Page.Letters {
		rows = append(rows, LetterRow{
			Source: p.source(), Experiment: string(p.Page.Experiment), At: p.Page.At, Closing: p.Page.Closing, Page: p.Page.Seq, Letter: l,
		})
	}
	return rows
}

// decoded is nil where there are no bytes, or none that are Base64.
func decoded(text string) []byte {
	out, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(out) == 0 {
		return nil
	}
	return out
}

// letterTable had the counts of the books, which are in the record ledger now,
// and the version that closed them.
func letterTable() lake.Definition[LetterRow] {
	d := define("dlq_audit", []lake.Column[LetterRow]{
		lake.Text("experiment", func(r LetterRow) string { return r.Experiment }),
		lake.Instant(at, func(r LetterRow) time.Time { return r.At }),
		lake.OptionalText("letter_topic", func(r LetterRow) (string, bool) { return r.Letter.Topic, true }),
		lake.OptionalInt("letter_partition", func(r LetterRow) (int64, bool) { return int64(r.Letter.Partition), true }),
		lake.OptionalInt("letter_offset", func(r LetterRow) (int64, bool) { return r.Letter.Offset, true }),
		lake.OptionalBytes("key", func(r LetterRow) []byte { return decoded(r.Letter.KeyBase64) }),
		lake.OptionalInt("schema_id", func(r LetterRow) (int64, bool) { return some(int64(r.Letter.SchemaID)) }),
		lake.OptionalText("error_class", func(r LetterRow) (string, bool) { return r.Letter.Reason, true }),
		lake.OptionalBytes("raw", func(r LetterRow) []byte { return decoded(r.Letter.RawBase64) }),
		lake.OptionalText("original_topic", func(r LetterRow) (string, bool) { return r.Letter.OriginalTopic, true }),
		lake.OptionalInt("original_partition", func(r LetterRow) (int64, bool) {
			return int64(r.Letter.OriginalPartition), r.Letter.OriginalOffset >= 0
		}),
		lake.OptionalInt("original_offset", func(r LetterRow) (int64, bool) {
			return r.Letter.OriginalOffset, r.Letter.OriginalOffset >= 0
		}),
		lake.OptionalText("record_class", func(r LetterRow) (string, bool) { return r.Letter.Class, true }),
		lake.OptionalBool("resolved", func(r LetterRow) (bool, bool) { return r.Letter.Resolved, true }),
		lake.OptionalText("closing", func(r LetterRow) (string, bool) { return r.Closing, true }),
		lake.OptionalInt("page", func(r LetterRow) (int64, bool) { return int64(r.Page), true }), //nolint:gosec // pages count from 1
		lake.OptionalInt("part", func(r LetterRow) (int64, bool) { return int64(r.Letter.Part), true }),
		lake.OptionalInt("parts", func(r LetterRow) (int64, bool) { return int64(r.Letter.Parts), true }),
	}, "page")
	d.Dropped = []string{"version", "taken", "stored", "not_stored", "dead_lettered", "dropped", "missing", "lost", "lost_acked", "balanced"}
	return d
}
