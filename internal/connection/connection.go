// Package connection is the Kafka side of a client of a pipeline: it finds the
// one that runs, sends commands to it and follows its log. What is done with
// the log is the caller's.
package connection

import (
	"context"
	"log/slog"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/settings"
)

// Connection is to one pipeline. It is safe for concurrent use.
type Connection struct {
	Settings settings.Settings // with what was found of the pipeline
	Bus      *bus.Bus
}

// Open connects to the pipeline that the settings name, or that runs on their
// state folder; none there is settings.ErrNotRunning. Close ends it.
func Open(s settings.Settings) (*Connection, error) {
	found, err := s.Find()
	if err != nil {
		return nil, err
	}
	b, err := bus.Open(found.Kafka, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return &Connection{Settings: found, Bus: b}, nil
}

// Close ends it. What follows the log is to be ended before.
func (c *Connection) Close() error { return c.Bus.Close() }

// Send returns once the command is stored. That it was granted the log says.
func (c *Connection) Send(ctx context.Context, e commands.Envelope) error {
	return handlers.Commands{Publisher: c.Bus.Publisher(), Topic: c.Bus.Topics().Commands}.Send(ctx, e)
}

// Follow reads the log as it is now, then, in the background, what comes until
// ctx ends. It returns an error, and follows nothing, where the log cannot be
// read or ctx ends first. wait returns once nothing is read any more: with
// what ended it, nil if ctx did.
func (c *Connection) Follow(ctx context.Context, log *handlers.Log) (wait func() error, err error) {
	caught, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- handlers.Fold(ctx, c.Bus, c.Bus.Topics().Events, log, slog.New(slog.DiscardHandler), func() { close(caught) })
	}()
	select {
	case <-caught:
	case err := <-ended:
		return nil, err
	}
	return func() error {
		if err := <-ended; err != nil && ctx.Err() == nil {
			return err
		}
		return nil
	}, nil
}
