package ingest

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// shedFrom is the share of the memory limit from which on trades are shed,
	// shedUntil the one below which they are taken again. They are apart, so that
	// what is saved by shedding does not end it at once.
	shedFrom, shedUntil = 0.80, 0.70
	lookAtMemory        = 200 * time.Millisecond
)

// pressure says whether memory is short. Its zero value says no.
type pressure struct {
	short atomic.Bool
	share atomic.Int64 // of the limit, in millionths
}

func (p *pressure) on() bool { return p.short.Load() }

// see takes what is used of a limit, both in bytes. Without a limit, which is
// 0, memory is never short.
func (p *pressure) see(used, limit int64) {
	if limit <= 0 {
		p.share.Store(0)
		p.short.Store(false)
		return
	}
	share := float64(used) / float64(limit)
	p.share.Store(int64(share * 1e6))
	switch {
	case share >= shedFrom:
		p.short.Store(true)
	case share < shedUntil:
		p.short.Store(false)
	}
}

// watch looks at memory until ctx ends. What cannot be read changes nothing:
// that it is said once is enough.
func (p *pressure) watch(ctx context.Context, memory func() (used, limit int64, err error)) {
	ticker := time.NewTicker(lookAtMemory)
	defer ticker.Stop()
	told := false
	for {
		used, limit, err := memory()
		was := p.on()
		switch {
		case err == nil:
			p.see(used, limit)
		case !told:
			told = true
			slog.WarnContext(ctx, "memory cannot be read: load shedding stays as it is", "error", err)
		}
		if now := p.on(); now != was {
			slog.WarnContext(ctx, "load shedding", "on", now, "used", used, "limit", limit)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
