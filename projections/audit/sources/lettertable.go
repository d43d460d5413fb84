package sources

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/mapping"
)

// Columns of a table of dead letters, as K2 makes it. It has no partition: a
// letter is of the record whose bytes it keeps.
//
// Source: https://github.com/rjdscott/k2-market-data-platform, src/k2/spark/jobs/create_silver_dlq_tables.py
const (
	letterRaw    = "raw_record"
	letterType   = "error_type"
	letterReason = "error_reason"
	letterSource = "bronze_source"
	letterOffset = "kafka_offset"
	letterSchema = "schema_id"
)

// LetterTable is a table of dead letters. It is for one audit: what is written to
// it meanwhile is left out.
type LetterTable struct {
	Lake      *lake.Lake
	Namespace string
	Name      string
	Source    string // whose letters; "" = all
	// Mapping reads the records, as it does those of the topic.
	Mapping *mapping.Mapping

	snapshot int64
}

// Letters implements audit.Letters. Letters whose record cannot be read are an
// error, after all others were handed on: the table does not say which they are
// of.
func (t *LetterTable) Letters(ctx context.Context, each func(audit.Letter) error) error {
	if t.snapshot == 0 {
		at, err := t.Lake.Inspect(ctx, t.Namespace, t.Name)
		if err != nil {
			return fmt.Errorf("reading the dead letters in %s.%s: %w", t.Namespace, t.Name, err)
		}
		if at.ID == 0 {
			return nil // nothing was ever written to it
		}
		t.snapshot = at.ID
	}
	scan := lake.ScanOptions{Columns: []string{letterRaw, letterType, letterReason, letterSource, letterOffset, letterSchema}, SnapshotID: t.snapshot}
	if t.Source != "" {
		scan.Equals = map[string]string{letterSource: t.Source}
	}
	var forms mapping.Forms
	var nameless, first int64
	var refused error
	err := t.Lake.Scan(ctx, t.Namespace, t.Name, scan, func(r lake.Row) error {
		raw, _ := r.Bytes(letterRaw)
		offset, _ := r.Int(letterOffset)
		if err := t.Mapping.Record(ctx, &forms, raw); err != nil {
			if errors.Is(err, mapping.ErrRegistryAway) {
				return err
			}
			if nameless++; nameless == 1 {
				first = offset
			}
			return nil
		}
		l := audit.Letter{At: audit.Place{Offset: -1}, Key: forms.Key, Topic: t.Namespace + "." + t.Name, Self: audit.Place{Offset: offset}, Raw: raw}
		if l.Reason, _ = r.Text(letterType); l.Reason == "" {
			l.Reason, _ = r.Text(letterReason)
		}
		schema, _ := r.Int(letterSchema)
		l.SchemaID = int32(schema) //nolint:gosec // its 32 bits
		refused = each(l)
		return refused
	})
	if refused != nil {
		return refused
	}
	if err != nil {
		return fmt.Errorf("reading the dead letters in %s.%s: %w", t.Namespace, t.Name, err)
	}
	if nameless > 0 {
		return fmt.Errorf("%d dead letters in %s.%s name no record: what they keep cannot be read, the first is of offset %d", nameless, t.Namespace, t.Name, first)
	}
	return nil
}
