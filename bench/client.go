package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

// client publishes to a running pipeline and follows its log, as
// `faultline run` does.
type client struct {
	bus   *bus.Bus
	log   *handlers.Log
	stop  context.CancelFunc
	ended chan error
}

// dial connects to the pipeline of a state folder and reads its log as it is.
func dial(ctx context.Context, home string) (*client, error) {
	s, err := settings.Settings{Home: home}.Find()
	if err != nil {
		return nil, err
	}
	b, err := bus.Open(s.Kafka, nil)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	c := &client{bus: b, log: &handlers.Log{}, stop: stop, ended: make(chan error, 1)}
	caught := make(chan struct{})
	go func() {
		c.ended <- handlers.Fold(ctx, b, b.Topics().Events, c.log, slog.New(slog.DiscardHandler), func() { close(caught) })
	}()
	select {
	case <-caught:
		return c, nil
	case err := <-c.ended:
		stop()
		return nil, errors.Join(err, b.Close())
	}
}

func (c *client) close() error {
	c.stop()
	err := <-c.ended
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, c.bus.Close())
}

// send publishes a command and returns its id.
func (c *client) send(ctx context.Context, id spec.ExperimentID, cmd commands.Command) (string, error) {
	e := commands.Envelope{ID: uuid.NewString(), Experiment: id, At: time.Now().UTC(), By: "bench", Command: cmd}
	return e.ID, handlers.Commands{Publisher: c.bus.Publisher(), Topic: c.bus.Topics().Commands}.Send(ctx, e)
}

// ask publishes a command and returns once the log shows its batch, accepted.
func (c *client) ask(ctx context.Context, id spec.ExperimentID, cmd commands.Command) error {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	command, err := c.send(ctx, id, cmd)
	if err != nil {
		return err
	}
	if _, err := c.log.Await(ctx, id, func(s experiment.State) bool { return s.Handled(command) }); err != nil {
		return fmt.Errorf("waiting for %s of experiment %s to be accepted: %w", commands.TypeOf(cmd), id, err)
	}
	return nil
}
