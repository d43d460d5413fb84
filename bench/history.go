package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
)

const (
	longTarget = 6 * time.Second
	longRuns   = 3
	writers    = 256 // experiments that are written at once
)

// history starts pipelines on a long log: with tables that lack all of it,
// with tables that have it, and with a checkpoint too.
func (b *bench) history(ctx context.Context) error {
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	size, err := b.write(ctx, home)
	if err != nil {
		return err
	}
	figure := fmt.Sprintf("`up` ready, %s", size)
	checkpoint, lake := filepath.Join(home, "checkpoint"), filepath.Join(home, "lake")
	p, err := b.longRun(ctx, home, figure+", no checkpoint, tables lack all of them", checkpoint, lake)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := errors.Join(b.untilIdle(ctx, p), p.end()); err != nil {
		return err
	}
	b.peer("rows of the long log written after", short(time.Since(began)))
	if p, err = b.longRun(ctx, home, "the same, no checkpoint, tables have them", checkpoint); err != nil {
		return err
	}
	if err := errors.Join(b.untilIdle(ctx, p), p.end()); err != nil { // it leaves a checkpoint
		return err
	}
	if p, err = b.longRun(ctx, home, "the same with a checkpoint"); err != nil {
		return err
	}
	memory, share, err := b.watch(ctx, p)
	if err := errors.Join(err, p.end()); err != nil {
		return err
	}
	b.add("idle `up` after the long log, memory of all processes", "< 160 MiB", mib(memory), memory < idleMemory)
	b.peer("idle `up` after the long log, processor", fmt.Sprintf("%.2f %% of a core", 100*share))
	return nil
}

// longRun starts pipelines on a home, each time without some of its files, and
// leaves the last one running.
func (b *bench) longRun(ctx context.Context, home, figure string, without ...string) (p *pipeline, err error) {
	var times, busy spread
	for i := range longRuns {
		if i > 0 {
			if err := p.end(); err != nil {
				return nil, err
			}
		}
		for _, path := range without {
			if err := os.RemoveAll(path); err != nil {
				return nil, fmt.Errorf("making a home without %s: %w", path, err)
			}
		}
		if p, err = startUp(ctx, b.bin, home); err != nil {
			return nil, err
		}
		times, busy = append(times, p.ready), append(busy, p.spent)
	}
	b.add(figure, "< 6 s", times.String()+spent(busy.median()), times.median() < longTarget)
	return p, nil
}

// spent says what a start costs whatever else the machine does meanwhile.
func spent(cpu time.Duration) string { return ", " + short(cpu) + " of processor time" }

// write fills the log of a home and says what is in it.
func (b *bench) write(ctx context.Context, home string) (size string, err error) {
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: filepath.Join(home, "kafka")})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	log, err := bus.Open(bus.Config{Brokers: []string{k.Addr()}}, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := log.EnsureTopics(ctx); err != nil {
		return "", err
	}
	st, err := newStory()
	if err != nil {
		return "", err
	}
	to := handlers.Batches{Publisher: log.Publisher(), Topic: log.Topics().Events}
	var next, facts, records atomic.Int64
	work, ctx := errgroup.WithContext(ctx)
	for range writers {
		work.Go(func() error {
			for facts.Load() < int64(b.events) {
				batches, err := st.batches(int(next.Add(1)))
				if err != nil {
					return err
				}
				for _, batch := range batches {
					if err := to.Append(ctx, batch, ""); err != nil {
						return err
					}
					facts.Add(int64(len(batch.Events)))
					records.Add(1)
				}
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return "", fmt.Errorf("writing the long log: %w", err)
	}
	return fmt.Sprintf("%d events of %d experiments in %d batches", facts.Load(), next.Load(), records.Load()), nil
}

// untilIdle waits until a pipeline has nothing to do any more.
func (b *bench) untilIdle(ctx context.Context, p *pipeline) error {
	for busy := true; busy; {
		before := p.cpu()
		if err := rest(ctx, 3*time.Second); err != nil {
			return err
		}
		busy = p.cpu()-before > 150*time.Millisecond
	}
	return nil
}
