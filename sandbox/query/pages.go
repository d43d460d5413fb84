package query

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// page is an answer: the newest rows first, as of one snapshot.
type page struct {
	rows     []Trade
	snapshot int64
	newest   *time.Time // of the whole table
	whole    bool       // rows are all that match
}

// pages holds the newest rows of the table, and re-reads them in the
// background when a snapshot comes: a call must not pay for a scan. Memory is
// bounded by maxLimit rows, and by as many again for a few rare symbols.
type pages struct {
	lake *lake.Lake

	mu   sync.RWMutex
	view *page
	err  error // of the last refresh

	rare   sync.Mutex // one scan for a rare symbol at a time
	last   page
	symbol string
	limit  int
}

func newPages(l *lake.Lake) *pages {
	return &pages{lake: l, err: errors.New("the table was not read yet")}
}

// readable asks the catalog now, and what became of the last refresh.
func (p *pages) readable(ctx context.Context) error {
	if _, err := p.lake.Inspect(ctx, sink.Namespace, sink.Table); err != nil {
		return fmt.Errorf("looking at the table: %w", err)
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.err
}

// follow refreshes the view until ctx ends. It rests three times as long as
// a refresh took, so a growing table cannot eat the machine.
func (p *pages) follow(ctx context.Context) error {
	for {
		began := time.Now()
		err := p.refresh(ctx)
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(250*time.Millisecond, 3*time.Since(began))):
		}
	}
}

func (p *pages) refresh(ctx context.Context) error {
	info, err := p.lake.Inspect(ctx, sink.Namespace, sink.Table)
	if err != nil {
		return fmt.Errorf("looking at the table: %w", err)
	}
	p.mu.RLock()
	last := p.view
	p.mu.RUnlock()
	if last != nil && last.snapshot == info.ID {
		return nil
	}
	next, err := p.read(ctx, last, info)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.view = &next
	p.mu.Unlock()
	return nil
}

// read goes on from the last view. To read the whole table with each snapshot
// would make the answers older with each file that there is. It does so where
// the snapshot of the last view is gone.
func (p *pages) read(ctx context.Context, last *page, info lake.Info) (page, error) {
	if last != nil && last.snapshot != 0 {
		next, err := p.scan(ctx, info, lake.ScanOptions{After: last.snapshot}, *last, maxLimit)
		if err == nil || ctx.Err() != nil {
			return next, err
		}
		slog.WarnContext(ctx, "reading the whole table again", "error", err)
	}
	return p.scan(ctx, info, lake.ScanOptions{}, page{whole: true}, maxLimit)
}

// scan adds the newest rows of one snapshot to those that are known.
func (p *pages) scan(ctx context.Context, info lake.Info, options lake.ScanOptions, known page, limit int) (page, error) {
	if !info.HasSnapshot {
		return page{rows: []Trade{}, whole: true}, nil
	}
	options.SnapshotID = info.ID
	top := &newest{keep: limit, rows: slices.Clone(known.rows)}
	heap.Init(top)
	cut := !known.whole
	err := p.lake.Scan(ctx, sink.Namespace, sink.Table, options, func(r lake.Row) error {
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
		return page{}, fmt.Errorf("reading trades: %w", err)
	}
	slices.SortFunc(top.rows, func(a, b Trade) int { return b.IngestionTimestamp.Compare(a.IngestionTimestamp) })
	out := page{rows: top.rows, snapshot: info.ID, whole: !cut}
	if out.rows == nil {
		out.rows = []Trade{}
	}
	if len(out.rows) > 0 {
		out.newest = &out.rows[0].IngestionTimestamp
	}
	return out, nil
}

// get answers from the view. Only a symbol too rare for it costs a scan.
func (p *pages) get(ctx context.Context, symbol string, limit int) (page, error) {
	if err := p.readable(ctx); err != nil {
		return page{}, err
	}
	p.mu.RLock()
	view := *p.view // the view is replaced, never changed
	p.mu.RUnlock()
	if symbol == "" {
		view.rows = view.rows[:min(limit, len(view.rows))]
		return view, nil
	}
	rows := []Trade{}
	for _, t := range view.rows {
		if t.Symbol == symbol && len(rows) < limit {
			rows = append(rows, t)
		}
	}
	if view.whole || len(rows) == limit {
		view.rows = rows
		return view, nil
	}
	return p.search(ctx, view, symbol, limit)
}

// search scans for a rare symbol, once per snapshot.
func (p *pages) search(ctx context.Context, view page, symbol string, limit int) (page, error) {
	p.rare.Lock()
	defer p.rare.Unlock()
	if p.last.snapshot == view.snapshot && p.symbol == symbol && p.limit == limit {
		return p.last, nil
	}
	info := lake.Info{Snapshot: lake.Snapshot{ID: view.snapshot}, HasSnapshot: true}
	found, err := p.scan(ctx, info, lake.ScanOptions{Equals: map[string]string{"symbol": symbol}}, page{whole: true}, limit)
	if err != nil {
		return page{}, err
	}
	found.newest = view.newest
	p.last, p.symbol, p.limit = found, symbol, limit
	return found, nil
}
