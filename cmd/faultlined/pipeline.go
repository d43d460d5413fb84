package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/checkpoint"
	"github.com/k2-platform/faultline/handlers/notify"
	"github.com/k2-platform/faultline/handlers/radius"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/internal/web"
	"github.com/k2-platform/faultline/projections"
)

// closeWithin bounds how long the router waits for a handler at the end.
const closeWithin = 10 * time.Second

// pipeline is every role of the daemon, on one bus and one lake.
type pipeline struct {
	log      *slog.Logger
	bus      *bus.Bus
	lake     *lake.Lake
	lakeAt   lake.Config
	ticks    message.Publisher
	state    *handlers.Log
	ahead    *handlers.Ahead
	control  *controller
	router   *message.Router
	tables   *projections.Follower
	keeper   *checkpoint.Keeper
	resumed  handlers.Snapshot // what the checkpoint stood for
	began    map[int32]int64   // where the fold was when it had caught up
	web      *web.Server
	notifier *notify.Notifier

	upkeep      lake.Upkeep
	upkeepEvery time.Duration
}

// openPipeline connects to everything. alone says that the NATS is this
// process's own.
func openPipeline(ctx context.Context, s settings.Settings, alone bool, log *slog.Logger) (_ *pipeline, err error) {
	p := &pipeline{log: log, state: &handlers.Log{Lean: true}}
	p.ahead = &handlers.Ahead{Log: p.state}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if _, err = radius.ReadPolicy(s.Policy); err != nil {
		return nil, err // found now rather than at the first experiment
	}
	if p.upkeep, err = upkeepOf(s.Upkeep); err != nil {
		return nil, err
	}
	p.upkeepEvery = cmp.Or(s.Upkeep.Every, settings.DefaultUpkeepEvery)
	if err = p.openWatching(ctx, s); err != nil {
		return nil, err
	}
	if p.bus, err = bus.Open(s.Kafka, log); err != nil {
		return nil, err
	}
	if err = p.bus.EnsureTopics(ctx); err != nil {
		return nil, err
	}
	if p.ticks, err = p.bus.OwnPublisher(); err != nil {
		return nil, err
	}
	if p.lakeAt, err = awaitLake(ctx, s); err != nil {
		return nil, err
	}
	if p.lake, err = lake.Open(ctx, p.lakeAt); err != nil {
		return nil, err
	}
	if err = p.openControl(s, alone); err != nil {
		return nil, err
	}
	if err = p.openRouter(); err != nil {
		return nil, err
	}
	if p.tables, err = openTables(ctx, p.bus, p.lake, log); err != nil {
		return nil, err
	}
	p.web.Behind = p.behind
	p.openCheckpoint(s.Home)
	return p, nil
}

// ledgerDir is where the agent of a state folder keeps its receipts.
func ledgerDir(home string) string { return filepath.Join(home, "ledger") }

func (p *pipeline) openRouter() (err error) {
	p.router, err = message.NewRouter(message.RouterConfig{CloseTimeout: closeWithin},
		watermill.NewSlogLoggerWithLevelMapping(p.log, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug}))
	if err != nil {
		return fmt.Errorf("making the router: %w", err)
	}
	bus.Harden(p.router, p.bus, bus.HardenConfig{})
	batches := handlers.Batches{Publisher: p.bus.Publisher(), Topic: p.bus.Topics().Events}
	return handlers.Route(p.router, p.bus.Topics(), p.bus.Subscriber, handlers.Decider{Log: p.state, Appender: batches})
}

// run starts the roles in the order in which they need each other, and ends
// with the first that fails. The agent comes first and leaves last: it undoes
// what an earlier life left before Kafka is asked for anything.
func (p *pipeline) run(ctx context.Context, ready func()) error {
	roles, ctx := errgroup.WithContext(ctx)
	roles.Go(func() error { return p.control.serve(ctx) })
	caught := make(chan struct{})
	roles.Go(func() error {
		calm := hurry()
		p.resume(ctx)
		return ended(ctx, handlers.Fold(ctx, p.bus, p.bus.Topics().Events, p.state, p.log, func() {
			calm()
			p.began = p.state.Next()
			p.notifier.Caught()
			close(caught)
		}))
	})
	roles.Go(func() error { p.web.Run(ctx, p.log); return nil })
	roles.Go(func() error { p.notifier.Run(ctx); return nil })
	roles.Go(func() error { p.keepTables(ctx); return nil })
	roles.Go(func() error {
		if wait(ctx, caught) {
			p.keeper.Run(ctx, p.state, p.tables.Level)
		}
		return nil
	})
	roles.Go(func() error {
		// The tables may read the whole log too: they come after those who wait for it.
		if !wait(ctx, caught) {
			return nil
		}
		p.resumeTables()
		debug.FreeOSMemory() // what the fold took: a pipeline that idles makes too little garbage to have it collected
		return ended(ctx, p.tables.Run(ctx))
	})
	roles.Go(func() error {
		if !wait(ctx, caught) {
			return nil
		}
		roles.Go(func() error { return p.control.run(ctx) })
		roles.Go(func() error {
			if p.control.served(ctx) && wait(ctx, p.router.Running()) {
				p.web.Ready()
				ready()
			}
			return nil
		})
		return p.router.Run(ctx)
	})
	err := roles.Wait()
	if err == nil {
		p.lastCheckpoint(ctx)
	}
	return err
}

// hurry lets garbage lie while the log is read: most of what that makes is
// garbage, and to collect it takes a third of the time. How much may lie goes
// by what is left now, so what the embedded broker read at its start, all of
// its files, goes first. calm ends it.
func hurry() (calm func()) {
	const percent = 400
	runtime.GC()
	before := debug.SetGCPercent(percent)
	return func() { debug.SetGCPercent(before) }
}

func wait(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// ended drops the error of a role that was asked to end.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// Close closes what openPipeline opened.
func (p *pipeline) Close() error {
	var problems []error
	if p.web != nil {
		problems = append(problems, p.web.Close())
	}
	if p.control != nil {
		problems = append(problems, p.control.Close())
	}
	if p.bus != nil {
		problems = append(problems, p.bus.Close())
	}
	if p.lake != nil {
		problems = append(problems, p.lake.Close())
	}
	return errors.Join(problems...)
}
