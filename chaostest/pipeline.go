package chaostest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

// Pipeline is what a context needs of a running Faultline.
type Pipeline interface {
	// Send returns once the command is stored. That it was granted the state says.
	Send(ctx context.Context, e commands.Envelope) error
	// State is what is known of an experiment; the zero state where nothing is.
	State(id spec.ExperimentID) experiment.State
	// Await returns the state once ok says so of it, or the context's error.
	Await(ctx context.Context, id spec.ExperimentID, ok func(experiment.State) bool) (experiment.State, error)
	// Watch calls each for every tick of an experiment from now on, until the
	// context ends. each must not block.
	Watch(ctx context.Context, id spec.ExperimentID, each func(events.Tick)) error
	Close() error
}

// Where says which pipeline is meant, as the command line's flags do: a state
// folder and a file of settings. The zero value is $FAULTLINE_HOME or
// ./.faultline, and faultline.yaml, if it is there.
type Where struct{ Home, Config string }

func (w Where) load() (settings.Settings, error) { return settings.Load(w.Config, w.Home) }

// connection is a Pipeline over Kafka.
type connection struct {
	bus  *bus.Bus
	log  handlers.Log
	stop context.CancelFunc
	done sync.WaitGroup
}

// Connect finds the pipeline and reads its log. Close ends it.
func Connect(ctx context.Context, w Where) (Pipeline, error) {
	s, err := w.load()
	if err != nil {
		return nil, err
	}
	if s, err = s.Find(); err != nil {
		return nil, err
	}
	b, err := bus.Open(s.Kafka, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &connection{bus: b, log: handlers.Log{Lean: false}, stop: stop}
	caught, ended := make(chan struct{}), make(chan error, 1)
	c.done.Go(func() {
		ended <- handlers.Fold(following, b, b.Topics().Events, &c.log, slog.New(slog.DiscardHandler), func() { close(caught) })
	})
	select {
	case <-caught:
		return c, nil
	case err = <-ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(fmt.Errorf("reading the pipeline's log: %w; does it run?", err), c.Close())
}

func (c *connection) Send(ctx context.Context, e commands.Envelope) error {
	return handlers.Commands{Publisher: c.bus.Publisher(), Topic: c.bus.Topics().Commands}.Send(ctx, e)
}

func (c *connection) State(id spec.ExperimentID) experiment.State { return c.log.State(id) }

func (c *connection) Await(ctx context.Context, id spec.ExperimentID, ok func(experiment.State) bool) (experiment.State, error) {
	return c.log.Await(ctx, id, ok)
}

func (c *connection) Watch(ctx context.Context, id spec.ExperimentID, each func(events.Tick)) error {
	from, err := c.bus.EndOffsets(ctx, c.bus.Topics().Readings)
	if err != nil {
		return fmt.Errorf("watching experiment %s: %w", id, err)
	}
	return c.bus.Read(ctx, c.bus.Topics().Readings, from, func(records []bus.Record) error {
		for _, r := range records {
			if string(r.Key) != string(id) {
				continue
			}
			if t, err := handlers.ReadTick(r); err == nil { // the daemon puts what is none to the dead letters
				each(t)
			}
		}
		return nil
	})
}

func (c *connection) Close() error {
	c.stop()
	c.done.Wait()
	return c.bus.Close()
}
