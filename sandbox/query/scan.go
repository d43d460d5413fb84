package query

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
)

// wentBack says that the catalog's pointer moved to an older snapshot: rows
// that were stored are missing. Nobody does that to a table that is only
// appended to.
func wentBack(last *page, info lake.Info) error {
	return fmt.Errorf("%w: the table went back from snapshot %d of %s to %d of %s", lake.ErrCorrupt,
		last.snapshot, last.at.Format(time.RFC3339), info.ID, info.At.Format(time.RFC3339))
}

// scan adds the newest rows of one snapshot to those that are known.
func (p *pages) scan(ctx context.Context, within time.Duration, info lake.Info, options lake.ScanOptions, known page, limit int) (page, error) {
	if !info.HasSnapshot {
		return page{rows: []Trade{}, whole: true}, nil
	}
	options.SnapshotID = info.ID
	var top *newest
	var cut bool
	begin := func() {
		top, cut = &newest{keep: limit, rows: slices.Clone(known.rows)}, !known.whole
		heap.Init(top)
	}
	err := p.storage.scan(ctx, within, options, begin, func(r lake.Row) error {
		at, ok := r.Time("ingestion_timestamp")
		if !ok {
			return errors.New("a row without ingestion_timestamp")
		}
		if top.Len() < top.keep {
			heap.Push(top, tradeOf(r, at))
			return nil
		}
		cut = true
		if at.After(top.rows[0].IngestionTimestamp) {
			top.rows[0] = tradeOf(r, at)
			heap.Fix(top, 0)
		}
		return nil
	})
	if err != nil {
		return page{}, err
	}
	slices.SortFunc(top.rows, func(a, b Trade) int { return b.IngestionTimestamp.Compare(a.IngestionTimestamp) })
	out := page{rows: top.rows, snapshot: info.ID, at: info.At, whole: !cut}
	if out.rows == nil {
		out.rows = []Trade{}
	}
	if len(out.rows) > 0 {
		out.newest = &out.rows[0].IngestionTimestamp
	}
	return out, nil
}
