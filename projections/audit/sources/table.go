package sources

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
)

// Table is where records end up.
type Table struct {
	Lake      *lake.Lake
	Namespace string
	Name      string
	Columns   []string // those of the key first
	Keys      int
}

// Pin implements audit.Table.
func (t Table) Pin(ctx context.Context) (int64, error) {
	info, err := t.Lake.Inspect(ctx, t.Namespace, t.Name)
	if err != nil {
		return 0, err
	}
	return info.ID, nil
}

// Rows implements audit.Table.
func (t Table) Rows(ctx context.Context, r audit.Rows, each func(worker int, f audit.Forms) error) error {
	scan := lake.FormScan{Columns: t.Columns, Keys: t.Keys, SnapshotID: r.Snapshot, After: r.After, Workers: r.Workers}
	if m := r.Moments; m != nil {
		scan.Instant, scan.From, scan.To = t.Columns[m.Column], time.UnixMicro(m.From), time.UnixMicro(m.To)
	}
	err := t.Lake.ScanForms(ctx, t.Namespace, t.Name, scan, func(worker int, f lake.Forms) error {
		return each(worker, audit.Forms{Key: f.Key, Values: f.Values[len(f.Key):]})
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	if errors.Is(err, lake.ErrNoSnapshot) {
		return fmt.Errorf("%w: %w", audit.ErrGone, err)
	}
	// A file that is not there belongs to a snapshot that is being expired, or the
	// table is damaged: another snapshot tells which.
	if now, perr := t.Pin(ctx); errors.Is(err, lake.ErrCorrupt) && perr == nil && now != r.Snapshot {
		return fmt.Errorf("%w: %w", audit.ErrGone, err)
	}
	return err
}
