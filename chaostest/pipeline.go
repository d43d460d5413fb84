package chaostest

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/connection"
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

// overKafka is a Pipeline over Kafka.
type overKafka struct {
	*connection.Connection
	log  handlers.Log
	stop context.CancelFunc
	wait func() error // for what follows the log
}

// Connect finds the pipeline and reads its log. Close ends it.
func Connect(ctx context.Context, w Where) (Pipeline, error) {
	s, err := w.load()
	if err != nil {
		return nil, err
	}
	to, err := connection.Open(s)
	if err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer context.AfterFunc(ctx, stop)() // until the log is read
	c := &overKafka{Connection: to, stop: stop}
	if c.wait, err = to.Follow(following, &c.log); err != nil {
		stop()
		return nil, errors.Join(fmt.Errorf("reading the pipeline's log: %w; does it run?", errors.Join(err, ctx.Err())), to.Close())
	}
	return c, nil
}

func (c *overKafka) State(id spec.ExperimentID) experiment.State { return c.log.State(id) }

func (c *overKafka) Await(ctx context.Context, id spec.ExperimentID, ok func(experiment.State) bool) (experiment.State, error) {
	return c.log.Await(ctx, id, ok)
}

func (c *overKafka) Watch(ctx context.Context, id spec.ExperimentID, each func(events.Tick)) error {
	from, err := c.Bus.EndOffsets(ctx, c.Bus.Topics().Readings)
	if err != nil {
		return fmt.Errorf("watching experiment %s: %w", id, err)
	}
	return c.Bus.Read(ctx, c.Bus.Topics().Readings, from, func(records []bus.Record) error {
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

func (c *overKafka) Close() error {
	c.stop()
	return errors.Join(c.wait(), c.Connection.Close())
}
