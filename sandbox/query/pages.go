package query

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
)

// page is an answer: the newest rows first, as of one snapshot.
type page struct {
	rows     []Trade
	snapshot int64
	at       time.Time  // when the snapshot was committed
	newest   *time.Time // of the whole table
	whole    bool       // rows are all that match
}

// of is the part of a page that a caller asked for; complete says whether
// there can be no more in the table.
func (p page) of(symbol string, limit int) (part page, complete bool) {
	if symbol == "" {
		p.rows = p.rows[:min(limit, len(p.rows))]
		return p, true
	}
	rows := []Trade{}
	for _, t := range p.rows {
		if t.Symbol == symbol && len(rows) < limit {
			rows = append(rows, t)
		}
	}
	p.rows = rows
	return p, p.whole || len(rows) == limit
}

const refreshEvery = 250 * time.Millisecond

// pages holds the newest rows of the table, and re-reads them in the
// background when a snapshot comes: a call must not pay for a scan. Memory is
// bounded by maxLimit rows, and by as many again for a few rare symbols. The
// rows stay when the store does not answer: they are the fallback.
type pages struct {
	storage *storage

	mu      sync.RWMutex
	view    *page
	current time.Time // when the view was last seen to be the table's
	err     error     // of the last refresh

	rare   sync.Mutex // one scan for a rare symbol at a time
	last   page
	symbol string
	limit  int
}

func newPages(s *storage) *pages {
	return &pages{storage: s, err: errors.New("the table was not read yet")}
}

// readable asks the catalog now, and what became of the last refresh.
func (p *pages) readable(ctx context.Context) (lake.Info, error) {
	info, err := p.storage.look(ctx)
	if err == nil {
		err = p.storage.damage()
	}
	if err != nil {
		return info, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return info, p.err
}

// follow refreshes the view until ctx ends. It rests three times as long as
// a refresh took, so a growing table cannot eat the machine; not after one that
// failed, which took its time in waiting.
func (p *pages) follow(ctx context.Context) {
	for {
		began := time.Now()
		err := p.refresh(ctx)
		p.mu.Lock()
		if (err == nil) != (p.err == nil) {
			slog.WarnContext(ctx, "reading the table goes otherwise than before", "error", err, "before", p.err)
		}
		p.err = err
		p.mu.Unlock()
		rest := refreshEvery
		if err == nil {
			rest = max(rest, 3*time.Since(began))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
	}
}

func (p *pages) refresh(ctx context.Context) error {
	info, err := p.storage.look(ctx)
	if err != nil {
		return err
	}
	p.mu.RLock()
	last := p.view
	p.mu.RUnlock()
	if last == nil || last.snapshot != info.ID {
		next, err := p.read(ctx, last, info)
		p.storage.remember("rows", err)
		switch {
		case err == nil:
			last = &next
		case !p.storage.blind || last == nil || !errors.Is(err, lake.ErrCorrupt):
			return err
		}
	}
	p.mu.Lock()
	p.view, p.current = last, time.Now()
	p.mu.Unlock()
	return nil
}

// read goes on from the last view. To read the whole table with each snapshot
// would make the answers older with each file that there is. It does so where
// the snapshot of the last view is gone.
func (p *pages) read(ctx context.Context, last *page, info lake.Info) (page, error) {
	if last != nil && info.HasSnapshot && info.At.Before(last.at) {
		return page{}, wentBack(last, info)
	}
	if last != nil && last.snapshot != 0 {
		next, err := p.scan(ctx, readWithin, info, lake.ScanOptions{After: last.snapshot}, *last, maxLimit)
		if err == nil || errors.Is(err, errNoStore) || ctx.Err() != nil {
			return next, err
		}
		slog.WarnContext(ctx, "reading the whole table again", "error", err)
	}
	return p.scan(ctx, readWithin, info, lake.ScanOptions{}, page{whole: true}, maxLimit)
}

// held is the last good answer and when it was last seen to be the table's.
func (p *pages) held(symbol string, limit int) (part page, current time.Time, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.view == nil {
		return page{}, time.Time{}, false
	}
	part, _ = p.view.of(symbol, limit)
	return part, p.current, true
}

// get answers from the view. Only a symbol too rare for it costs a scan.
func (p *pages) get(ctx context.Context, symbol string, limit int) (page, error) {
	info, err := p.readable(ctx)
	if err != nil {
		return page{}, err
	}
	p.mu.RLock()
	view := *p.view // the view is replaced, never changed
	p.mu.RUnlock()
	part, complete := view.of(symbol, limit)
	if complete {
		return part, nil
	}
	return p.search(ctx, view, info, symbol, limit)
}

// search scans for a rare symbol, once per snapshot.
func (p *pages) search(ctx context.Context, view page, info lake.Info, symbol string, limit int) (page, error) {
	p.rare.Lock()
	defer p.rare.Unlock()
	if p.last.snapshot == info.ID && p.symbol == symbol && p.limit == limit {
		return p.last, nil
	}
	found, err := p.scan(ctx, scanWithin, info, lake.ScanOptions{Equals: map[string]string{"symbol": symbol}}, page{whole: true}, limit)
	if err != nil {
		return page{}, err
	}
	found.newest = view.newest
	p.last, p.symbol, p.limit = found, symbol, limit
	return found, nil
}
