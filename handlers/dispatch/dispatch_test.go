package dispatch_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers/dispatch"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOneAgentServesATarget(t *testing.T) {
	var r dispatch.Roster
	now := time.Unix(100, 0)
	_, err := r.For("kafka", now)
	require.ErrorIs(t, err, dispatch.ErrNoAgent)
	hear := func(name string, at time.Time) {
		r.Hear(halt.Heard{Hello: halt.Hello{Name: name, Targets: []spec.TargetName{"kafka"}}, At: at})
	}
	hear("a", now)
	got, err := r.For("kafka", now)
	require.NoError(t, err)
	assert.Equal(t, "a", got.Name)
	got, err = r.For("kafka", now.Add(time.Minute))
	require.ErrorIs(t, err, dispatch.ErrNoAgent)
	assert.Equal(t, "a", got.Name, "what it has in place is asked of it all the same")
	hear("b", now)
	_, err = r.For("kafka", now)
	require.ErrorIs(t, err, dispatch.ErrTwoAgents)
}

// fake is all agents at once; it does at once what it is asked for.
type fake struct {
	mu       sync.Mutex
	inject   []halt.Request
	undo     []halt.Undo
	renewals []halt.Renewal
	refuse   bool
}

func (f *fake) Inject(_ context.Context, _ string, q halt.Request) (halt.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inject = append(f.inject, q)
	if f.refuse {
		return halt.Reply{State: halt.Refused, Final: true, Why: "halted"}, nil
	}
	return halt.Reply{State: halt.Working}, nil
}

func (f *fake) Undo(_ context.Context, _ string, q halt.Undo) (halt.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.undo = append(f.undo, q)
	return halt.Reply{State: halt.Working}, nil
}

func (f *fake) Status(context.Context, string, halt.Status) (halt.Reply, error) {
	return halt.Reply{State: halt.There}, nil
}

func (f *fake) Renew(_ context.Context, r halt.Renewal) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renewals = append(f.renewals, r)
	return nil
}

// run dispatches for one experiment in a phase of its step, for that long of
// synthetic time, and returns what was sent.
func run(t *testing.T, f *fake, phase experiment.StepPhase, agents []string, lasts time.Duration) (sent []commands.Command) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var roster dispatch.Roster
		s := experiment.State{ID: "x", Steps: []experiment.Step{{
			Step: spec.Step{ID: "s", Fault: spec.Fault{Kind: "none", Target: "kafka"}}, Phase: phase, Cause: events.Planned,
		}}}
		ctx, stop := context.WithTimeout(t.Context(), lasts)
		defer stop()
		var mu sync.Mutex
		d := dispatch.New(dispatch.Config{
			Owner: halt.Owner{Controller: "c", Epoch: 7}, Lease: 5 * time.Second, Agents: f, Roster: &roster, Log: slog.New(slog.DiscardHandler),
			Live:  func() []experiment.State { return []experiment.State{s} },
			State: func(spec.ExperimentID) experiment.State { return s },
			Send: func(_ context.Context, e commands.Envelope) error {
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, e.Command)
				return nil
			},
		})
		go func() {
			for ; ctx.Err() == nil; <-time.After(time.Second) {
				for _, name := range agents {
					roster.Hear(halt.Heard{Hello: halt.Hello{Name: name, Targets: []spec.TargetName{"kafka"}}, At: time.Now()})
				}
			}
		}()
		require.NoError(t, d.Run(ctx))
		<-time.After(2 * time.Second)
	})
	return sent
}

func TestAsksAndRenewsUntilTheStateShowsIt(t *testing.T) {
	f := &fake{}
	assert.Empty(t, run(t, f, experiment.Requested, []string{"a"}, 4500*time.Millisecond))
	assert.GreaterOrEqual(t, len(f.inject), 3, "again and again, as long as the log shows nothing")
	assert.Equal(t, halt.Owner{Controller: "c", Epoch: 7}, f.inject[0].Owner)
	assert.GreaterOrEqual(t, len(f.renewals), 3, "five times a lease")
	for i, r := range f.renewals {
		assert.Equal(t, uint64(i+1), r.Beat)
		assert.Equal(t, []spec.ExperimentID{"x"}, r.Experiments)
	}
}

func TestUndoIsAskedForAgain(t *testing.T) {
	f := &fake{}
	run(t, f, experiment.Undoing, []string{"a"}, 2500*time.Millisecond)
	assert.GreaterOrEqual(t, len(f.undo), 2)
	assert.Equal(t, string(events.Planned), f.undo[0].Cause)
}

func TestWhatNoAgentTakesFails(t *testing.T) {
	for name, c := range map[string]struct {
		agents []string
		refuse bool
		lasts  time.Duration
	}{
		"nobody there":         {nil, false, 17 * time.Second},
		"two of one target":    {[]string{"a", "b"}, false, 2 * time.Second},
		"refused once for all": {[]string{"a"}, true, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			sent := run(t, &fake{refuse: c.refuse}, experiment.Requested, c.agents, c.lasts)
			require.NotEmpty(t, sent)
			failed, ok := sent[0].(commands.ReportInjectionFailed)
			require.True(t, ok)
			assert.NotEmpty(t, failed.Why)
		})
	}
}

func TestNothingIsAskedForWhatIsOver(t *testing.T) {
	f := &fake{}
	run(t, f, experiment.Gone, []string{"a"}, 3*time.Second)
	assert.Empty(t, f.inject)
	assert.Empty(t, f.undo)
	assert.Empty(t, f.renewals, "nothing is held")
}

func TestWaitsForNoticeWhileNothingIsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		var roster dispatch.Roster
		var now atomic.Pointer[[]experiment.State]
		now.Store(&[]experiment.State{})
		d := dispatch.New(dispatch.Config{
			Owner: halt.Owner{Controller: "c", Epoch: 7}, Lease: 5 * time.Second, Agents: f, Roster: &roster, Log: slog.New(slog.DiscardHandler),
			Live:  func() []experiment.State { return *now.Load() },
			State: func(spec.ExperimentID) experiment.State { return (*now.Load())[0] },
			Send:  func(context.Context, commands.Envelope) error { return nil },
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		asked := func() int {
			f.mu.Lock()
			defer f.mu.Unlock()
			return len(f.inject)
		}
		go func() { done <- d.Run(ctx) }()
		<-time.After(time.Minute)
		roster.Hear(halt.Heard{Hello: halt.Hello{Name: "a", Targets: []spec.TargetName{"kafka"}}, At: time.Now()})
		now.Store(&[]experiment.State{{ID: "x", Steps: []experiment.Step{{
			Step: spec.Step{ID: "s", Fault: spec.Fault{Kind: "none", Target: "kafka"}}, Phase: experiment.Requested,
		}}}})
		d.Notice()
		synctest.Wait()
		assert.Equal(t, 1, asked(), "asked at once")
		<-time.After(2100 * time.Millisecond)
		synctest.Wait()
		assert.GreaterOrEqual(t, asked(), 2, "and again while it is live")
		stop()
		require.NoError(t, <-done)
	})
}
