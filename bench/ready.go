package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	readyRuns   = 7
	readyTarget = 2 * time.Second
	idleSettle  = 10 * time.Second
	idleFor     = 30 * time.Second
	idleMemory  = 160 << 20
	idleShare   = 0.01
)

// ready starts pipelines on empty homes, and one more to watch it idle.
func (b *bench) ready(ctx context.Context) error {
	var first, again, busy spread
	for range readyRuns {
		home, drop, err := b.home()
		if err != nil {
			return err
		}
		for _, times := range []*spread{&first, &again} {
			p, err := startUp(ctx, b.bin, home)
			if err != nil {
				return err
			}
			*times, busy = append(*times, p.ready), append(busy, p.spent)
			if err := p.end(); err != nil {
				return err
			}
		}
		drop()
	}
	b.add("`up` ready, empty home", "< 2 s", first.String()+spent(busy.median()), first.median() < readyTarget)
	b.peer("`up` ready, the same home again", again.String())
	return b.idle(ctx)
}

func (b *bench) idle(ctx context.Context) (err error) {
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	p, err := startUp(ctx, b.bin, home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.end()) }()
	memory, share, err := b.watch(ctx, p)
	if err != nil {
		return err
	}
	b.add("idle `up`, memory of all processes", "< 160 MiB", mib(memory), memory < idleMemory)
	b.add("idle `up`, processor", "< 1 % of a core", fmt.Sprintf("%.2f %%", 100*share), share < idleShare)
	return nil
}

// watch gives a pipeline a while to settle and says what it needs after that.
func (b *bench) watch(ctx context.Context, p *pipeline) (memory int64, share float64, err error) {
	if err := rest(ctx, idleSettle); err != nil {
		return 0, 0, err
	}
	before, began := p.cpu(), time.Now()
	if err := rest(ctx, idleFor); err != nil {
		return 0, 0, err
	}
	memory, _ = p.rss()
	return memory, float64(p.cpu()-before) / float64(time.Since(began)), nil
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
