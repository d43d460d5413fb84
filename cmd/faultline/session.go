package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/caller"
	"github.com/k2-platform/faultline/internal/connection"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

// where is the flags that say which pipeline is meant.
type where struct{ home, config string }

func (w *where) add(root *cobra.Command) {
	root.PersistentFlags().StringVar(&w.home, "home", "", "state folder; default $FAULTLINE_HOME or ./.faultline")
	root.PersistentFlags().StringVar(&w.config, "config", "", "settings; default faultline.yaml, if it is there")
}

func (w *where) settings() (settings.Settings, error) { return settings.Load(w.config, w.home) }

// session is a connection to a pipeline, and what its log has said.
type session struct {
	*connection.Connection
	log *handlers.Log

	mu      sync.Mutex
	history []handlers.Accepted
}

// open connects to the pipeline that the settings name, or that runs on the
// state folder.
func (w *where) open(ctx context.Context) (*session, error) {
	s, err := w.settings()
	if err != nil {
		return nil, err
	}
	c, err := connection.Open(s)
	if err != nil {
		return nil, err
	}
	if err := c.Bus.EnsureTopics(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &session{Connection: c, log: &handlers.Log{}}, nil
}

// remember keeps every batch of an experiment that is accepted from now on.
func (s *session) remember(id spec.ExperimentID) {
	s.log.Listen(func(a handlers.Accepted) {
		if a.Batch.Experiment != id {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.history = append(s.history, a)
	})
}

func (s *session) batches() []events.Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]events.Batch, len(s.history))
	for i, a := range s.history {
		out[i] = a.Batch
	}
	return out
}

// fold reads the log as it is now.
func (s *session) fold(ctx context.Context) error {
	done, stop := context.WithCancel(ctx)
	defer stop()
	err := handlers.Fold(done, s.Bus, s.Bus.Topics().Events, s.log, slog.New(slog.DiscardHandler), stop)
	if ctx.Err() == nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// follow reads the log as it is now, then, in the background, what comes
// until ctx ends. wait returns what ended it.
func (s *session) follow(ctx context.Context) (wait func() error, err error) {
	return s.Follow(ctx, s.log)
}

// send publishes a command under an id of its own and returns that.
func (s *session) send(ctx context.Context, id spec.ExperimentID, c commands.Command) (string, error) {
	e := commands.Envelope{ID: uuid.NewString(), Experiment: id, At: time.Now().UTC(), By: caller.Name(), TraceParent: traceParent(), Command: c}
	return e.ID, s.Send(ctx, e)
}

// ask sends a command and waits until the log has its answer: nil, or why it
// was refused.
func (s *session) ask(ctx context.Context, id spec.ExperimentID, c commands.Command) error {
	ctx, stop := context.WithTimeout(ctx, askWithin)
	defer stop()
	s.remember(id)
	wait, err := s.follow(ctx)
	if err != nil {
		return err
	}
	defer func() {
		stop()
		_ = wait()
	}()
	command, err := s.send(ctx, id, c)
	if err != nil {
		return err
	}
	if _, err := s.log.Await(ctx, id, func(now experiment.State) bool { return now.Handled(command) }); err != nil {
		return fmt.Errorf("waiting for an answer about experiment %s: %w; does the pipeline run?", id, err)
	}
	return s.refusal(command)
}

const askWithin = 15 * time.Second

func (s *session) refusal(command string) error {
	for _, b := range s.batches() {
		for _, e := range b.Events {
			if r, ok := e.(events.CommandRefused); ok && r.Command == command {
				return fmt.Errorf("refused: %s", r.Why)
			}
		}
	}
	return nil
}

// traceParent begins a trace: https://www.w3.org/TR/trace-context/#traceparent-header
func traceParent() string {
	trace, span := uuid.New(), uuid.New()
	return fmt.Sprintf("00-%x-%x-01", trace[:], span[:8])
}
