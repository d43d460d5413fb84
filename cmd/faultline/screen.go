package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/progress"
	"github.com/k2-platform/faultline/spec"
)

// screen is where a run shows itself. Its methods are called from several
// goroutines, some of them under the log's lock: they wait for nothing but
// what they write to.
type screen interface {
	begin(id spec.ExperimentID, doc spec.Document)
	accepted(a handlers.Accepted)
	tick(t events.Tick)
	beat(s experiment.State, now time.Time)
	say(line string)
	end(s experiment.State) // the closing text
	close()                 // after end, and where the run broke off without it
}

// screen is a live block on a terminal, and plain lines elsewhere.
func (r *liveRun) screen(doc spec.Document, platform spec.Platform) screen {
	lines := r.plain(doc)
	if r.json || r.lines {
		return lines
	}
	terminal := progress.Terminal(r.out, os.Getenv)
	if terminal == nil {
		return lines
	}
	return &live{plain: lines, terminal: terminal, metrics: progress.Named(doc.WithDefaults(), platform)}
}

// watchTicks reads the readings that come from now on.
func (r *liveRun) watchTicks(ctx context.Context, on screen) (wait func() error, err error) {
	topic := r.Bus.Topics().Readings
	ends, err := r.Bus.EndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() {
		done <- r.Bus.Read(ctx, topic, ends, func(records []bus.Record) error {
			for _, rec := range records {
				if t, err := handlers.ReadTick(rec); err == nil && t.Experiment == r.id {
					on.tick(t)
				}
			}
			return nil
		})
	}()
	return func() error {
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}, nil
}
