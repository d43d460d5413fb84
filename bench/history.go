package main

import (
	"context"
	"errors"
	"fmt"
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

// history starts pipelines on a long log: once with tables that lack all of
// it, then with tables that have it.
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
	p, err := startUp(ctx, b.bin, home)
	if err != nil {
		return err
	}
	b.add(figure+", tables lack all of them", "< 6 s", short(p.ready)+spent(p.spent), p.ready < longTarget)
	began := time.Now()
	if err := errors.Join(b.untilIdle(ctx, p), p.end()); err != nil {
		return err
	}
	b.peer("rows of the long log written after", short(time.Since(began)))
	var times, busy spread
	for range longRuns {
		if p, err = startUp(ctx, b.bin, home); err != nil {
			return err
		}
		times, busy = append(times, p.ready), append(busy, p.spent)
		if len(times) < longRuns {
			err = p.end()
		}
		if err != nil {
			return err
		}
	}
	b.add(figure+", tables have them", "< 6 s", times.String()+spent(busy.median()), times.median() < longTarget)
	memory, share, err := b.watch(ctx, p)
	if err := errors.Join(err, p.end()); err != nil {
		return err
	}
	b.peer("idle `up` after the long log", fmt.Sprintf("%s, %.2f %% of a core", mib(memory), 100*share))
	return nil
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
