package conduct_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/spec"
)

// desk decides commands at once, as if Kafka took no time.
type desk struct {
	log  *handlers.Log
	lock chan struct{}
}

func (d desk) send(_ context.Context, e commands.Envelope) error {
	d.lock <- struct{}{}
	defer func() { <-d.lock }()
	s := d.log.State(e.Experiment)
	out, err := experiment.Decide(s, e)
	if err != nil || len(out) == 0 {
		return err
	}
	d.log.Apply(events.Batch{Experiment: e.Experiment, Version: s.Version + 1, Cause: e.ID, At: e.At, Events: out}, handlers.Place{})
	return nil
}

// silent is a clock that never beats.
type silent struct{}

func (silent) Watch(ctx context.Context, _ conduct.Watch, _ func(events.Tick)) error {
	<-ctx.Done()
	return nil
}

func conductor(log *handlers.Log, d desk, radius func(experiment.State) events.BlastRadiusDecided) *conduct.Conductor {
	return conduct.New(conduct.Config{
		Name: "conductor", Log: log, Problems: slog.New(slog.DiscardHandler), Clock: silent{}, Keep: d.send,
		Ahead: &handlers.Ahead{Log: log}, Undo: func(spec.ExperimentID, string) {},
		Platform: func() (spec.Platform, error) {
			return spec.Platform{Metrics: map[string]spec.Metric{"load": {}}}, nil
		},
		Deny: func(spec.Document, spec.Platform) []string { return nil },
		Radius: func(_ context.Context, s experiment.State, _ spec.Platform) (events.BlastRadiusDecided, error) {
			time.Sleep(time.Second) // to look takes its time
			return radius(s), nil
		},
		Record: func(context.Context, events.Tick) error { return nil },
		Replay: func(context.Context, spec.ExperimentID) ([]events.Tick, error) { return nil, nil },
	})
}

func document() spec.Document {
	return spec.Document{
		Environment: "staging", Triggers: []spec.Rule{},
		Hypothesis: spec.Hypothesis{SteadyState: []spec.Rule{{Expr: "load < 1.0"}}},
		Steps:      []spec.Step{{ID: "a", Fault: spec.Fault{Kind: "process.pause", Target: "one"}}},
	}
}

// TestTwoExperimentsNeverFindTheSamePlaceFree schedules five at once where one
// may run: what each decides on must hold what the others have begun.
func TestTwoExperimentsNeverFindTheSamePlaceFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &handlers.Log{}
		d := desk{log, make(chan struct{}, 1)}
		c := conductor(log, d, func(s experiment.State) events.BlastRadiusDecided {
			for _, o := range log.All() {
				if o.ID != s.ID && o.Phase == experiment.Baselining {
					return events.BlastRadiusDecided{Reasons: []string{"full"}}
				}
			}
			return events.BlastRadiusDecided{Allowed: true}
		})
		for i := range 5 {
			id := spec.ExperimentID(fmt.Sprintf("x%d", i))
			require.NoError(t, d.send(t.Context(), commands.Envelope{ID: "1", Experiment: id, By: "alice", Command: commands.Schedule{Document: document()}}))
			c.Notice(log.State(id))
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		time.Sleep(time.Minute)
		phases := map[experiment.Phase]int{}
		for _, s := range log.All() {
			phases[s.Phase]++
		}
		assert.Equal(t, map[experiment.Phase]int{experiment.Baselining: 1, experiment.Denied: 4}, phases)
		stop()
		require.NoError(t, <-done)
	})
}

func TestItWaitsForASecondPersonAndThenAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &handlers.Log{}
		d := desk{log, make(chan struct{}, 1)}
		var open atomic.Bool
		open.Store(true)
		c := conductor(log, d, func(s experiment.State) events.BlastRadiusDecided {
			return events.BlastRadiusDecided{Allowed: open.Load() && s.Approved != nil, NeedsApproval: open.Load(), Reasons: []string{"why not"}}
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		for _, id := range []spec.ExperimentID{"in-time", "too-late"} {
			send := func(by string, cmd commands.Command) {
				require.NoError(t, d.send(t.Context(), commands.Envelope{ID: fmt.Sprintf("%T", cmd), Experiment: id, By: by, Command: cmd}))
			}
			synctest.Wait()
			send("alice", commands.Schedule{Document: document()})
			c.Notice(log.State(id))
			time.Sleep(time.Hour)
			assert.True(t, log.State(id).AwaitsApproval())
			open.Store(id == "in-time")
			send("bob", commands.Approve{})
			time.Sleep(time.Minute)
			open.Store(true)
		}
		assert.Equal(t, experiment.Baselining, log.State("in-time").Phase)
		assert.Equal(t, experiment.Denied, log.State("too-late").Phase, "an approval opens nothing that is closed by now")
		stop()
		require.NoError(t, <-done)
	})
}

func TestALaterLifeGoesOnWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &handlers.Log{}
		d := desk{log, make(chan struct{}, 1)}
		require.NoError(t, d.send(t.Context(), commands.Envelope{ID: "1", Experiment: "x", By: "alice", Command: commands.Schedule{Document: document()}}))
		for _, approve := range []bool{false, true} {
			c := conductor(log, d, func(s experiment.State) events.BlastRadiusDecided {
				return events.BlastRadiusDecided{Allowed: s.Approved != nil, NeedsApproval: true}
			})
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- c.Run(ctx) }()
			c.Notice(log.State("x"))
			time.Sleep(time.Minute)
			assert.True(t, log.State("x").AwaitsApproval())
			assert.Equal(t, uint64(2), log.State("x").Version, "it is asked for once")
			if approve {
				require.NoError(t, d.send(t.Context(), commands.Envelope{ID: "2", Experiment: "x", By: "bob", Command: commands.Approve{}}))
				time.Sleep(time.Minute)
				assert.Equal(t, experiment.Baselining, log.State("x").Phase)
			}
			stop()
			require.NoError(t, <-done)
		}
	})
}
