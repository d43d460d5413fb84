package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/connection"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

// client publishes to a running pipeline and follows its log, as
// `faultline run` does.
type client struct {
	*connection.Connection
	log  *handlers.Log
	stop context.CancelFunc
	wait func() error
}

// dial connects to the pipeline of a state folder and reads its log as it is.
func dial(ctx context.Context, home string) (*client, error) {
	to, err := connection.Open(settings.Settings{Home: home})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	c := &client{Connection: to, log: &handlers.Log{}, stop: stop}
	if c.wait, err = to.Follow(ctx, c.log); err != nil {
		stop()
		return nil, errors.Join(err, to.Close())
	}
	return c, nil
}

func (c *client) close() error {
	c.stop()
	return errors.Join(c.wait(), c.Close())
}

// send publishes a command and returns its id.
func (c *client) send(ctx context.Context, id spec.ExperimentID, cmd commands.Command) (string, error) {
	e := commands.Envelope{ID: uuid.NewString(), Experiment: id, At: time.Now().UTC(), By: "bench", Command: cmd}
	return e.ID, c.Send(ctx, e)
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
